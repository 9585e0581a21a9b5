/*
 * What a relay costs that does nothing else: connected sockets, epoll, no pause, no checks; of SRTP what RFC 3711 §3.3
 * asks for without the replay window, one source each way, no RTCP.
 * relay CALLS [FROM-A TO-A FROM-B TO-B]: binds two ports on 127.0.0.1 for each call, prints all of them in one line,
 * sends what comes to the one to whoever sent to the other, and ends when its standard input does. The four words say
 * how what comes from phone A and what goes to it is encrypted, then the same of phone B: `none`, or SUITE:KEY, the
 * master key with its salt in hexadecimal. OpenSSL 3 is looked for only when there is a suite, and needs no headers.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* OSSL_PARAM of OpenSSL 3. */
struct parameter {
  const char *key;
  unsigned type;
  void *data;
  size_t size, returned;
};

/* SHA_CTX has 96 bytes; that it can be copied is what HMAC's kept states are made of. */
struct sha1 {
  uint64_t words[16];
};

#define FUNCTIONS(_)                                                                                                  \
  _(void *, EVP_CIPHER_fetch, (void *, const char *, const char *))                                                   \
  _(void *, EVP_CIPHER_CTX_new, (void))                                                                               \
  _(int, EVP_EncryptInit_ex2, (void *, const void *, const void *, const void *, const struct parameter *))           \
  _(int, EVP_DecryptInit_ex2, (void *, const void *, const void *, const void *, const struct parameter *))           \
  _(int, EVP_Cipher, (void *, void *, const void *, unsigned))                                                        \
  _(int, EVP_CIPHER_CTX_get_params, (void *, struct parameter *))                                                     \
  _(int, SHA1_Init, (struct sha1 *))                                                                                  \
  _(int, SHA1_Update, (struct sha1 *, const void *, size_t))                                                          \
  _(int, SHA1_Final, (unsigned char *, struct sha1 *))
#define DECLARE(type, name, words) static type(*name) words;
FUNCTIONS(DECLARE)

static const struct suite {
  const char *name, *cipher, *keystream;
  int key, salt, tag, aead;
} suites[] = {
    {"AES_CM_128_HMAC_SHA1_80", "AES-128-CTR", "AES-128-CTR", 16, 14, 10, 0},
    {"AES_CM_128_HMAC_SHA1_32", "AES-128-CTR", "AES-128-CTR", 16, 14, 4, 0},
    {"AES_192_CM_HMAC_SHA1_80", "AES-192-CTR", "AES-192-CTR", 24, 14, 10, 0},
    {"AES_192_CM_HMAC_SHA1_32", "AES-192-CTR", "AES-192-CTR", 24, 14, 4, 0},
    {"AES_256_CM_HMAC_SHA1_80", "AES-256-CTR", "AES-256-CTR", 32, 14, 10, 0},
    {"AES_256_CM_HMAC_SHA1_32", "AES-256-CTR", "AES-256-CTR", 32, 14, 4, 0},
    {"AEAD_AES_128_GCM", "AES-128-GCM", "AES-128-CTR", 16, 12, 16, 1},
    {"AEAD_AES_256_GCM", "AES-256-GCM", "AES-256-CTR", 32, 12, 16, 1},
};

/* One direction between a phone and the relay. */
struct protection {
  const struct suite *suite; /* NULL: in clear */
  void *context;
  unsigned char salt[14];
  struct sha1 inner, outer;
  unsigned char source[4];
  int64_t highest; /* 65536 * ROC + SEQ, -1 before the first packet of the source */
};

struct leg {
  int socket;
  int learned;
  struct leg *other;
  struct protection from, to;
};

static void fail(const char *why, const char *what) {
  fprintf(stderr, "relay: %s%s\n", why, what);
  exit(2);
}

static void load_openssl(void) {
  if (SHA1_Final != NULL) return;
  void *library = dlopen("libcrypto.so.3", RTLD_NOW);
  if (library == NULL) fail("no OpenSSL 3: ", dlerror());
#define LOAD(type, name, words)                                                                                       \
  if ((*(void **)&name = dlsym(library, #name)) == NULL) fail("OpenSSL lacks ", #name);
  FUNCTIONS(LOAD)
}

/* Makes a context that keeps a key, for what is encrypted or decrypted. */
static void *cipher(const char *name, const unsigned char *key, const unsigned char *iv, int decrypts) {
  void *context = EVP_CIPHER_CTX_new(), *kind = EVP_CIPHER_fetch(NULL, name, NULL);
  if (context == NULL || kind == NULL) fail("OpenSSL has no ", name);
  int taken = decrypts ? EVP_DecryptInit_ex2(context, kind, key, iv, NULL)
                       : EVP_EncryptInit_ex2(context, kind, key, iv, NULL);
  if (taken != 1) fail("OpenSSL does not take the key of ", name);
  return context;
}

/* A session key: the keystream of the master key from its salt XOR the label (RFC 3711 §4.3). */
static void derive(const struct suite *suite, const unsigned char *master, int label, unsigned char *key, int length) {
  unsigned char counter[16] = {0};
  memcpy(counter, master + suite->key, suite->salt);
  counter[7] ^= label;
  memset(key, 0, length);
  EVP_Cipher(cipher(suite->keystream, master, counter, 0), key, key, length);
}

/* SHA-1's state behind the key XOR `filler`. */
static struct sha1 keyed(const unsigned char *key, int filler) {
  struct sha1 state;
  unsigned char block[64];
  for (int i = 0; i < 64; i++) block[i] = (i < 20 ? key[i] : 0) ^ filler;
  SHA1_Init(&state);
  SHA1_Update(&state, block, sizeof block);
  return state;
}

/* @param word `none` or SUITE:KEY */
static struct protection protection(const char *word, int receives) {
  struct protection made = {.highest = -1};
  if (strcmp(word, "none") == 0) return made;
  const char *hex = strchr(word, ':');
  for (size_t i = 0; hex != NULL && i < sizeof suites / sizeof *suites; i++) {
    if (strlen(suites[i].name) == (size_t)(hex - word) && memcmp(suites[i].name, word, hex - word) == 0)
      made.suite = &suites[i];
  }
  if (made.suite == NULL) fail("neither none nor SUITE:KEY: ", word);
  size_t digits = 2 * (made.suite->key + made.suite->salt);
  if (strlen(++hex) != digits || strspn(hex, "0123456789abcdefABCDEF") != digits)
    fail("not key and salt in hexadecimal for ", made.suite->name);
  unsigned char master[46], key[32];
  for (size_t i = 0; i < digits / 2; i++) sscanf(hex + 2 * i, "%2hhx", &master[i]);
  load_openssl();
  if (!made.suite->aead) {
    derive(made.suite, master, 1, key, 20);
    made.inner = keyed(key, 0x36);
    made.outer = keyed(key, 0x5c);
  }
  derive(made.suite, master, 2, made.salt, made.suite->salt);
  derive(made.suite, master, 0, key, made.suite->key);
  made.context = cipher(made.suite->cipher, key, NULL, receives && made.suite->aead);
  return made;
}

/* Where the payload begins, or -1 when the packet is shorter than its header says. */
static ssize_t payload_of(const unsigned char *packet, ssize_t length) {
  if (length < 12) return -1;
  ssize_t offset = 12 + 4 * (packet[0] & 15);
  if (packet[0] & 16) {
    if (offset + 4 > length) return -1;
    offset += 4 + 4 * (packet[offset + 2] << 8 | packet[offset + 3]);
  }
  return offset <= length ? offset : -1;
}

/* The index that the packet most likely has (RFC 3711 §3.3.1). */
static int64_t index_of(const struct protection *with, const unsigned char *packet) {
  int64_t sequence = packet[2] << 8 | packet[3], highest = with->highest;
  if (highest < 0 || memcmp(with->source, packet + 8, 4) != 0) return sequence;
  int64_t index = (highest & ~INT64_C(65535)) + sequence;
  if (index - highest > 32768 && index >= 65536) return index - 65536;
  return highest - index > 32768 ? index + 65536 : index;
}

static void remember(struct protection *with, const unsigned char *packet, int64_t index) {
  if (memcmp(with->source, packet + 8, 4) == 0 && index <= with->highest) return;
  memcpy(with->source, packet + 8, 4);
  with->highest = index;
}

/* The salt XOR SSRC and index (RFC 3711 §4.1.1, RFC 7714 §8.1). */
static void initial_value(const struct protection *with, const unsigned char *packet, int64_t index,
                          unsigned char *iv) {
  memcpy(iv, with->salt, 14);
  iv[14] = iv[15] = 0;
  iv += with->suite->aead ? 2 : 4;
  for (int i = 0; i < 4; i++) iv[i] ^= packet[8 + i];
  for (int i = 0; i < 6; i++) iv[4 + i] ^= index >> (40 - 8 * i);
}

/* HMAC-SHA1 of the packet and its roll-over counter, which is written behind it. */
static void digest(const struct protection *with, unsigned char *packet, ssize_t length, int64_t index,
                   unsigned char *tag) {
  struct sha1 inner = with->inner, outer = with->outer;
  uint32_t rollover = htonl(index >> 16);
  memcpy(packet + length, &rollover, 4);
  SHA1_Update(&inner, packet, length + 4);
  SHA1_Final(tag, &inner);
  SHA1_Update(&outer, tag, 20);
  SHA1_Final(tag, &outer);
}

/* The associated header, the payload, and the end, where the tag is made or compared. */
static int aead(void *context, unsigned char *packet, ssize_t payload, ssize_t end) {
  if (EVP_Cipher(context, NULL, packet, payload) < 0) return 0;
  if (end > payload && EVP_Cipher(context, packet + payload, packet + payload, end - payload) < 0) return 0;
  return EVP_Cipher(context, NULL, NULL, 0) == 0;
}

static struct parameter tag_at(unsigned char *bytes) {
  return (struct parameter){"tag", 5 /* octets */, bytes, 16, -1};
}

/* Both return the new length, or -1 for what must not go on. */
static ssize_t unprotect(struct protection *with, unsigned char *packet, ssize_t length) {
  if (with->suite == NULL) return length;
  ssize_t payload = payload_of(packet, length), end = length - with->suite->tag;
  if (payload < 0 || end < payload) return -1;
  int64_t index = index_of(with, packet);
  unsigned char iv[16], received[16], made[20];
  initial_value(with, packet, index, iv);
  if (with->suite->aead) {
    struct parameter tag[2] = {tag_at(packet + end)};
    if (EVP_DecryptInit_ex2(with->context, NULL, NULL, iv, tag) != 1) return -1;
    if (!aead(with->context, packet, payload, end)) return -1;
  } else {
    memcpy(received, packet + end, with->suite->tag);
    digest(with, packet, end, index, made);
    if (memcmp(received, made, with->suite->tag) != 0) return -1;
    if (EVP_EncryptInit_ex2(with->context, NULL, NULL, iv, NULL) != 1) return -1;
    if (end > payload && EVP_Cipher(with->context, packet + payload, packet + payload, end - payload) < 0) return -1;
  }
  remember(with, packet, index);
  return end;
}

static ssize_t protect(struct protection *with, unsigned char *packet, ssize_t length) {
  if (with->suite == NULL) return length;
  ssize_t payload = payload_of(packet, length);
  if (payload < 0) return -1;
  int64_t index = index_of(with, packet);
  unsigned char iv[16], made[20];
  initial_value(with, packet, index, iv);
  if (EVP_EncryptInit_ex2(with->context, NULL, NULL, iv, NULL) != 1) return -1;
  if (with->suite->aead) {
    struct parameter tag[2] = {tag_at(packet + length)};
    if (!aead(with->context, packet, payload, length)) return -1;
    if (EVP_CIPHER_CTX_get_params(with->context, tag) != 1) return -1;
  } else {
    if (length > payload && EVP_Cipher(with->context, packet + payload, packet + payload, length - payload) < 0)
      return -1;
    digest(with, packet, length, index, made);
    memcpy(packet + length, made, with->suite->tag);
  }
  remember(with, packet, index);
  return length + with->suite->tag;
}

int main(int count, char **words) {
  if (count > 2 && count != 6) fail("CALLS [FROM-A TO-A FROM-B TO-B]", "");
  int legs = 2 * (count > 1 ? atoi(words[1]) : 1);
  struct leg *all = calloc(legs, sizeof *all);
  int epoll = epoll_create1(0);
  for (int i = 0; i < legs; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int size = 262144;
    all[i].socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    all[i].other = &all[i ^ 1];
    all[i].from = protection(count == 6 ? words[2 + 2 * (i & 1)] : "none", 1);
    all[i].to = protection(count == 6 ? words[3 + 2 * (i & 1)] : "none", 0);
    setsockopt(all[i].socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(all[i].socket, (struct sockaddr *)&address, length) < 0) return 1;
    getsockname(all[i].socket, (struct sockaddr *)&address, &length);
    printf("%d ", ntohs(address.sin_port));
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].socket, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &all[i]});
  }
  printf("\n");
  fflush(stdout);
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &(struct epoll_event){.events = EPOLLIN});
  static unsigned char packet[65536 + 32]; /* a tag, or the roll-over counter, goes behind the longest datagram */
  static struct epoll_event events[512];
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      struct leg *leg = events[i].data.ptr;
      if (leg == NULL) return 0;
      ssize_t length;
      if (leg->learned) length = recv(leg->socket, packet, 65536, 0);
      else {
        struct sockaddr_in source;
        socklen_t size = sizeof source;
        length = recvfrom(leg->socket, packet, 65536, 0, (struct sockaddr *)&source, &size);
        leg->learned = length >= 0 && connect(leg->socket, (struct sockaddr *)&source, size) == 0;
      }
      if (length < 0 || !leg->other->learned) continue;
      length = unprotect(&leg->from, packet, length);
      if (length >= 0) length = protect(&leg->other->to, packet, length);
      if (length >= 0) send(leg->other->socket, packet, length, 0);
    }
  }
}

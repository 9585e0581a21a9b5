import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crosses } from '../../src/sdp/crossing-attributes.ts'

const stays = `crypto:1 X inline:Y|fingerprint:sha-256 00|setup:actpass|connection:new|candidate:1 1 UDP 1 192.0.2.1 9 typ host
  |remote-candidates:1 192.0.2.1 9|end-of-candidates|ice-ufrag:x|ice-pwd:y|ice-lite|ice-options:trickle|ice-pacing:5|ice-mismatch
  |zrtp-hash:1.10 00|tls-id:x|key-mgmt:mikey x|group:BUNDLE a v|group: bundle a|rtcp:9|rtcp:9 IN IP4 192.0.2.1|rtcp-mux
  |rtcp-mux-only|bundle-only|acap:1 crypto:1 X inline:Y|tcap:1 RTP/SAVP|pcfg:1|acfg:1|creq:cap-v0|csup:cap-v0|cpar:a=crypto:1
  |source-filter: incl IN IP4 * 192.0.2.1|identity:x|CRYPTO:1 X inline:Y| crypto:1 X inline:Y|crypto :1 X inline:Y|crypto`
for (const attribute of stays.split('|').map((one) => one.replace(/^\n\s+/, '').trimEnd())) {
  test(`a=${attribute} belongs to one leg`, () => assert.ok(!crosses(attribute)))
}

const crossing = `rtpmap:0 PCMU/8000|fmtp:101 0-15|ptime:20|maxptime:60|sendonly|rtcp-fb:* nack pli|extmap:1 urn:x|extmap-allow-mixed
  |ssrc:1 cname:x|ssrc-group:FID 1 2|mid:a|msid:a b|msid-semantic: WMS x|label:1|tool:baresip 1.0.0|rtcp-rsize|rtcp-xr:rcvr-rtt=all
  |group:LS a v|group:FID a b|imageattr:* send *|simulcast:send 1|rid:1 send|content:slides|x-unknown|x-crypto:1|framerate:30`
for (const attribute of crossing.split('|').map((one) => one.trim())) {
  test(`a=${attribute} crosses`, () => assert.ok(crosses(attribute)))
}

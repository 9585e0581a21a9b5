// What libstdc++ says. One line of standard input is a pattern and its subjects, each in hexadecimal or "-" when empty,
// separated by tabs, behind "+" (groups capture) or "-" (std::regex::nosubs). The answer is "refused", or 0 and 1.
#include <iostream>
#include <regex>
#include <sstream>
#include <string>

static std::string decoded(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; hex != "-" && i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

int main() {
  std::string line, word;
  while (std::getline(std::cin, line)) {
    std::stringstream words(line);
    std::getline(words, word, '\t');
    const auto flags = word == "+" ? std::regex::ECMAScript : std::regex::ECMAScript | std::regex::nosubs;
    std::getline(words, word, '\t');
    std::string answer;
    try {
      const std::regex pattern(decoded(word), flags);
      while (std::getline(words, word, '\t')) answer += std::regex_match(decoded(word), pattern) ? '1' : '0';
    } catch (const std::regex_error&) {
      answer = "refused";
    }
    std::cout << answer << "\n" << std::flush;
  }
}

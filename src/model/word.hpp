#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Reading texts that people type, without locale: only ASCII has case and blanks, every other byte belongs to a word.

namespace mvmanager::model {

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A word and where it begins in the text it was cut from (0-based).
struct Word {
    std::string_view text;
    std::size_t at = 0;
};

std::vector<Word> split_words(std::string_view text);

std::string to_lower(std::string_view text);

// ` "word"` for a message, or nothing where the word is too long to show whole: it is never cut, because only the server
// knows where a character of its encoding ends.
std::string quoted(std::string_view word);

// The 1-based character at byte offset `at`. What precedes a fault is what was understood, and that is ASCII; a fault
// further on is counted in UTF-8 characters.
int character_position(std::string_view text, std::size_t at);

} // namespace mvmanager::model

#include "model/word.hpp"

#include <algorithm>

namespace mvmanager::model {

std::vector<Word> split_words(std::string_view text) {
    std::vector<Word> words;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        const std::size_t begin = at;
        while (at < text.size() && !is_blank(text[at]))
            ++at;
        words.push_back({text.substr(begin, at - begin), begin});
    }
    return words;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return to_lower(c); });
    return lower;
}

std::string quoted(std::string_view word) {
    constexpr std::size_t readable = 40;
    if (word.empty() || word.size() > readable)
        return {};
    std::string result = " \"";
    result.append(word);
    result.push_back('"');
    return result;
}

int character_position(std::string_view text, std::size_t at) {
    int position = 1;
    for (const char c : text.substr(0, std::min(at, text.size()))) {
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        if (!continues)
            ++position;
    }
    return position;
}

} // namespace mvmanager::model

// Sorting by an integer key, in place and in bounded steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace mvmanager::model {

// Sorts items[0, count) by the low `bits` bits of key(item), a multiple of eight. Needs no memory but the stack. Not stable.
// pause() is called at least every 64 k steps and may leave by an exception or a longjmp: the items are then all there,
// in no particular order.
template <typename Item, typename Key, typename Pause>
void radix_sort(Item *items, std::size_t count, int bits, Key &&key, Pause &&pause) {
    constexpr std::size_t few = 24, step = 65536;
    if (count <= few) {
        for (std::size_t i = 1; i < count; ++i) {
            Item const moving = items[i];
            std::size_t hole = i;
            for (; hole > 0 && key(items[hole - 1]) > key(moving); --hole)
                items[hole] = items[hole - 1];
            items[hole] = moving;
        }
        return;
    }
    int const shift = bits - 8;
    auto digit = [&](const Item &item) {
        return static_cast<std::size_t>(key(item) >> shift) & 0xFF;
    };

    std::array<std::size_t, 257> ends{};
    for (std::size_t i = 0; i < count; ++i) {
        ++ends[digit(items[i]) + 1];
        if (i % step == 0)
            pause();
    }
    // next[d] is where the next item with digit d goes, ends[d + 1] where those of digit d end.
    std::array<std::size_t, 256> next{};
    for (std::size_t d = 0; d < 256; ++d) {
        next[d] = ends[d];
        ends[d + 1] += ends[d];
    }
    std::size_t steps = 0;
    for (std::size_t d = 0; d < 256; ++d) {
        while (next[d] < ends[d + 1]) {
            std::size_t const home = digit(items[next[d]]);
            if (home == d)
                ++next[d];
            else
                std::swap(items[next[d]], items[next[home]++]);
            if (++steps % step == 0)
                pause();
        }
    }
    if (shift == 0)
        return;
    for (std::size_t d = 0; d < 256; ++d) {
        if (ends[d + 1] - ends[d] > 1)
            radix_sort(items + ends[d], ends[d + 1] - ends[d], shift, key, pause);
    }
}

} // namespace mvmanager::model

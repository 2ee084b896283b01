#include "model/lock_attempts.hpp"

#include <algorithm>

namespace mvmanager::model {
namespace {

constexpr std::int64_t millisecond = 1000;
constexpr std::int64_t first_poll_interval = 1 * millisecond;
constexpr std::int64_t longest_poll_interval = 20 * millisecond;
// Most readers are gone by then, and nobody has waited.
constexpr std::int64_t polls_only = 100 * millisecond;
constexpr std::int64_t first_back_off = 100 * millisecond;
constexpr std::int64_t longest_back_off = 2000 * millisecond;

} // namespace

LockAttempts::LockAttempts(LockPatience patience)
    : patience_(patience), poll_interval_(first_poll_interval),
      // Readers that waited for one attempt get through before the next.
      back_off_(std::max(first_back_off, 2 * patience.in_queue)),
      next_queue_(std::min(polls_only, patience.in_all / 2)) {}

LockStep LockAttempts::next(std::int64_t elapsed, double random) {
    if (!polled_) {
        polled_ = true;
        return {LockStep::Kind::poll};
    }
    std::int64_t const left = patience_.in_all - elapsed;
    if (left <= 0)
        return {LockStep::Kind::give_up};
    if (elapsed >= next_queue_) {
        auto const spread = static_cast<std::int64_t>(static_cast<double>(back_off_) * (0.75 + random / 2));
        next_queue_ = elapsed + patience_.in_queue + spread;
        back_off_ = std::min(2 * back_off_, std::max(longest_back_off, 2 * patience_.in_queue));
        ++queued_;
        return {LockStep::Kind::queue, std::min(patience_.in_queue, left)};
    }
    polled_ = false; // after the pause
    std::int64_t const pause = std::min({poll_interval_, next_queue_ - elapsed, left});
    poll_interval_ = std::min(2 * poll_interval_, longest_poll_interval);
    return {LockStep::Kind::pause, pause};
}

} // namespace mvmanager::model

// How to ask for a lock that everybody else queues behind.
//
// Polling makes nobody wait, but starves where readers overlap; queueing is served in turn, but shuts out all who come
// later. So: polls at first, then now and then a short place in the queue, ever more seldom, with polls in between, until
// the time is up.
//
//     poll -> pause -> poll ... -> queue -> pause -> poll ... -> give_up
#pragma once

#include <cstdint>

namespace mvmanager::model {

// All times in microseconds.
struct LockPatience {
    std::int64_t in_queue = 50'000;   // readers wait at most that long for one attempt
    std::int64_t in_all = 30'000'000; // 0: one poll
};

struct LockStep {
    enum class Kind { poll, queue, pause, give_up };
    Kind kind = Kind::poll;
    std::int64_t duration = 0; // of queue and pause: at most so long
    bool operator==(const LockStep &) const = default;
};

class LockAttempts {
public:
    explicit LockAttempts(LockPatience patience);

    // What to do now, `elapsed` after the first step; the step before it has failed, or was a pause. `random` in [0, 1)
    // spreads the attempts of several that want the same. After give_up nothing more is asked.
    LockStep next(std::int64_t elapsed, double random);

    // How often it queued so far.
    int queued() const { return queued_; }

private:
    LockPatience patience_;
    bool polled_ = false;
    std::int64_t poll_interval_;
    std::int64_t back_off_;
    std::int64_t next_queue_;
    int queued_ = 0;
};

} // namespace mvmanager::model

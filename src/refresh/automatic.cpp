// Compares first, as diff does, and then takes the cheaper way to the same rows: the differences written into the view, or
// a new heap of the rows that stay and the new ones, swapped in. The query runs once in either case.
//
//     read view -> read query -> write rows
//                            \-> new heap -> swap
//                                        \-> write rows      the lock was not to be had in time
//
// It compares no further once more rows are new than could ever be cheaper to write. If the swap then fails, the view is
// compared with the new heap instead. In a worker the steps are transactions, as in swap.cpp; what the comparison found
// outlives them.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "format.hpp"
#include "model/rewrite_cost.hpp"
#include "pg/heap_writer.hpp"
#include "pg/progress.hpp"
#include "pg/relation_scan.hpp"
#include "pg/row_matcher.hpp"
#include "pg/security.hpp"
#include "pg/storage.hpp"
#include "pg/view_query.hpp"
#include "pg/wait_point.hpp"
#include "refresh/differences.hpp"
#include "refresh/replacement.hpp"
#include "refresh/strategy.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

std::string_view without_full_stop(std::string_view sentence) {
    return sentence.ends_with('.') ? sentence.substr(0, sentence.size() - 1) : sentence;
}

class Automatic {
public:
    Automatic(const Target &target, Ground &ground)
        : target_(target), ground_(ground), view_(target.relation.oid),
          matcher_(view_, memory_limits(ground.may_commit() ? pg::Lifetime::session : pg::Lifetime::transaction)) {}

    Effect run() {
        {
            pg::SecurityScope const as_owner(target_.relation.owner, target_.run_as);
            compare();
            if (!wants_new_heap() || !target_.lock_is_brief)
                return with(apply_differences(target_, matcher_), model::Strategy::diff, reason_for_rows());
        }
        return replace();
    }

private:
    void compare() {
        pg::wait_point("diff-before-scan");
        pg::RelationScan stored(view_);
        matcher_.read_view(stored);
        pg::wait_point("diff-after-scan");

        shape_.rows_kept = matcher_.view_rows();
        shape_.row_bytes = static_cast<double>(matcher_.view_bytes()) /
                           static_cast<double>(std::max<std::int64_t>(shape_.rows_kept, 1));
        shape_.indexes = pg::index_count(view_);
        heap_bytes_ = pg::block_count(view_) * BLCKSZ;
        is_bloated_ = model::is_bloated(heap_bytes_, matcher_.view_bytes(), pg::fill_factor(view_));

        pg::ViewQuery query(view_);
        enough_ = target_.lock_is_brief
                      ? model::inserted_rows_that_decide(shape_.rows_kept, shape_.row_bytes, shape_.indexes)
                      : pg::RowMatcher::never;
        matcher_.read_query(query, enough_);
    }

    std::int64_t inserted() { return matcher_.insertions().count(); }
    std::int64_t deleted() { return static_cast<std::int64_t>(matcher_.deletions().count()); }

    bool wants_new_heap() {
        if (is_bloated_ || matcher_.gave_up())
            return true;
        model::Change change = shape_;
        change.rows_deleted = deleted();
        change.rows_inserted = inserted();
        change.rows_kept -= change.rows_deleted;
        return model::cost_of_new_heap(change) < model::cost_of_writing_rows(change);
    }

    Effect replace() {
        pg::progress_strategy(model::Strategy::swap);
        bool const in_steps = ground_.may_commit();
        if (in_steps)
            ground_.drop_snapshot();
        Replacement replacement(target_, ground_,
                                in_steps ? Replacement::Creation::committed : Replacement::Creation::in_transaction);
        if (in_steps)
            ground_.take_snapshot(Ground::Sources::untouched);
        std::int64_t const rows = fill(replacement.relation());
        if (in_steps) {
            ground_.commit();
            ground_.take_snapshot(Ground::Sources::untouched);
        }
        replacement.complete(rows);
        if (in_steps)
            ground_.commit();
        LockOutcome const outcome = replacement.swap();
        if (!outcome.was_had)
            return write_after_all(replacement, outcome);

        Effect effect{.rows_total = rows, .blocked = outcome.waited};
        // What was not compared may be among the rows that were there.
        if (!matcher_.gave_up()) {
            effect.rows_inserted = inserted();
            effect.rows_updated = 0;
            effect.rows_deleted = deleted();
        }
        return with(std::move(effect), model::Strategy::swap, reason_for_new_heap());
    }

    std::int64_t fill(Oid relation) {
        pg::SecurityScope const as_owner(target_.relation.owner, target_.run_as);
        pg::progress_phase(pg::Phase::filling_storage, matcher_.view_rows() - deleted() + inserted());
        pg::HeapWriter rows(relation);
        pg::RelationScan kept(view_, matcher_.deletions());
        kept.run(rows);
        pg::StoredRows fresh(matcher_.insertions());
        fresh.run(rows);
        return rows.finish();
    }

    Effect write_after_all(Replacement &replacement, const LockOutcome &outcome) {
        pg::progress_strategy(model::Strategy::diff);
        ground_.take_snapshot(Ground::Sources::untouched);
        Effect effect;
        {
            pg::SecurityScope const as_owner(target_.relation.owner, target_.run_as);
            if (matcher_.gave_up()) {
                pg::RowMatcher again(view_, memory_limits());
                pg::RelationScan stored(view_);
                again.read_view(stored);
                pg::RelationScan fresh(replacement.relation());
                again.read_query(fresh);
                effect = apply_differences(target_, again);
            } else {
                effect = apply_differences(target_, matcher_);
            }
        }
        replacement.discard();
        effect.blocked += outcome.waited;
        return with(std::move(effect), model::Strategy::diff,
                    format("{}, but its lock was not to be had within {} ms: {}", reason_for_new_heap(),
                           settings::swap_timeout, without_full_stop(outcome.obstacle)));
    }

    static Effect with(Effect effect, model::Strategy strategy, std::string reason) {
        effect.instead = model::Plan{strategy, std::move(reason)};
        return effect;
    }

    std::string difference() {
        if (matcher_.gave_up())
            return format("more than {} of {} rows differ", enough_, matcher_.view_rows());
        if (inserted() == 0 && deleted() == 0)
            return "no row differs";
        return format("{} new, {} gone of {} rows", inserted(), deleted(), matcher_.view_rows());
    }

    std::string reason_for_rows() {
        if (!wants_new_heap())
            return inserted() + deleted() == 0 ? difference() : difference() + ": cheapest written one by one";
        return difference() + ": written one by one, since the lock of a swap would outlast this call";
    }

    std::string reason_for_new_heap() {
        constexpr std::int64_t megabyte = 1 << 20;
        if (is_bloated_)
            return format("the view is bloated, {} MB of rows in {} MB: a new heap", matcher_.view_bytes() / megabyte,
                          heap_bytes_ / megabyte);
        return difference() + ": a new heap is cheaper";
    }

    const Target &target_;
    Ground &ground_;
    Oid view_;
    pg::RowMatcher matcher_;
    model::Change shape_;
    std::int64_t heap_bytes_ = 0;
    std::int64_t enough_ = pg::RowMatcher::never;
    bool is_bloated_ = false;
};

Effect execute(const Target &target, Ground &ground) {
    require_comparable(target);
    return Automatic(target, ground).run();
}

} // namespace

constinit const Strategy automatic = {model::Strategy::automatic, pg::LockMode::share_update_exclusive, execute};

} // namespace mvmanager::refresh

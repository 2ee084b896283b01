// Which commands are ours: the guard on managed views looks away from what mvmanager itself runs.
#pragma once

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// While one lives, the event triggers of mvmanager neither refuse nor follow nor record what the session executes: whoever
// made it keeps the catalog true. They nest. Every function of pg/ddl.hpp makes its own; what reaches the server's DDL by
// another way makes one around it.
//
// REQUIRES: lives outside pg::call, so that an error unwinds it.
class OwnDdl {
public:
    OwnDdl() noexcept { ++depth_; }
    ~OwnDdl() { --depth_; }
    OwnDdl(const OwnDdl &) = delete;
    OwnDdl &operator=(const OwnDdl &) = delete;

    static bool is_running() noexcept { return depth_ > 0; }

private:
    static int depth_;
};

// The same for the server's REFRESH of one relation and nothing else: what the view's query calls may run commands of its own,
// which are somebody's.
//
// REQUIRES: lives outside pg::call.
class OwnRefresh {
public:
    explicit OwnRefresh(Oid relation) noexcept : relation_(relation), outer_(innermost_) { innermost_ = this; }
    ~OwnRefresh() { innermost_ = outer_; }
    OwnRefresh(const OwnRefresh &) = delete;
    OwnRefresh &operator=(const OwnRefresh &) = delete;

    static bool is_running(Oid relation) noexcept {
        for (const OwnRefresh *one = innermost_; one; one = one->outer_)
            if (one->relation_ == relation)
                return true;
        return false;
    }

private:
    static const OwnRefresh *innermost_;
    Oid relation_;
    const OwnRefresh *outer_;
};

} // namespace mvmanager::pg

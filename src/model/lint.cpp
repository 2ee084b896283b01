#include "model/lint.hpp"

#include <algorithm>

#include "model/sql_text.hpp"

namespace mvmanager::model::lint {
namespace {

// A name that may lack its schema, looked up among names that may lack theirs: the same schema first, then any that
// does not contradict.
template <typename T> class ByName {
public:
    T *find(const Name &name) {
        if (auto const it = exact_.find(name); it != exact_.end())
            return &it->second;
        if (!name.schema.empty()) {
            auto const bare = exact_.find(Name{{}, name.name, {}});
            return bare == exact_.end() ? nullptr : &bare->second;
        }
        auto const it = exact_.lower_bound(Name{{}, name.name, {}});
        return it != exact_.end() && it->first.name == name.name ? &it->second : nullptr;
    }
    T &at(const Name &name) {
        if (T *const found = find(name))
            return *found;
        return exact_[name];
    }
    void erase(const Name &name) {
        if (find(name))
            exact_.erase(exact_.find(name) != exact_.end() ? exact_.find(name)
                         : name.schema.empty()             ? exact_.lower_bound(Name{{}, name.name, {}})
                                                           : exact_.find(Name{{}, name.name, {}}));
    }

private:
    std::map<Name, T> exact_;
};

// A view as the script has made it so far.
struct Made {
    bool with_data = false;
    bool filled = false;
    bool identifies_rows = false;
    bool by_call = false; // of a function of ours, which knows better
};

std::string call(std::string_view function, const Name &view, std::string_view more = {}) {
    return std::string(function) + "(" + sql_literal(view.written) + std::string(more) + ")";
}

// Messages quote a name once.
std::string quoted(const Name &name) {
    return name.written.find('"') == std::string::npos ? "\"" + name.written + "\"" : name.written;
}

constexpr std::string_view definition = ", $mv$...$mv$";

class Check {
public:
    Check(const std::vector<Statement> &statements, const Database &database)
        : statements_(statements), database_(database) {
        for (std::size_t i = 0; i < statements.size(); ++i) {
            const Statement &s = statements[i];
            if (s.kind == Kind::create_view)
                creations_.at(s.name).push_back(i);
            if (s.kind == Kind::rename)
                renames_.at(s.new_name).push_back(i);
        }
    }

    std::vector<Finding> run() {
        for (at_ = 0; at_ < statements_.size(); ++at_)
            look(statements_[at_]);
        std::ranges::stable_sort(findings_, {}, &Finding::line);
        return std::move(findings_);
    }

private:
    void look(const Statement &s) {
        switch (s.kind) {
        case Kind::broken:
            add("syntax-error", Severity::error, {}, s.problem,
                s.where.empty() ? "The other statements were checked."
                                : s.where + " The other statements were checked.");
            break;
        case Kind::begin:
            in_transaction_ = true;
            break;
        case Kind::end:
            in_transaction_ = false;
            break;
        case Kind::create_view:
            create_view(s);
            break;
        case Kind::create_index:
            if (Made *const made = made_.find(s.name); made && s.identifies_rows)
                made->identifies_rows = true;
            else if (s.identifies_rows)
                made_later_indexes_.at(s.name) = true;
            break;
        case Kind::refresh:
            refresh(s);
            break;
        case Kind::rename:
            rename(s);
            break;
        case Kind::drop:
            drop(s);
            break;
        case Kind::call:
            made_by_call(s);
            break;
        case Kind::concurrently:
            if (in_transaction_)
                add("concurrently-in-transaction", Severity::error, s.name.written,
                    s.problem + " cannot run inside a transaction block",
                    "Call mv_apply with the list of indexes: it works in a migration, and the index is built after "
                    "commit.");
            break;
        }
    }

    void add(std::string rule, Severity severity, std::string object, std::string message, std::string hint) {
        findings_.push_back(
            {statements_[at_].line, std::move(rule), severity, std::move(object), std::move(message), std::move(hint)});
    }

    // The statement of the list that comes next after this one.
    const Statement *after(const std::vector<std::size_t> *list) const {
        if (!list)
            return nullptr;
        auto const it = std::ranges::upper_bound(*list, at_);
        return it == list->end() ? nullptr : &statements_[*it];
    }

    void create_view(const Statement &s) {
        if (s.has_parameter)
            add("bound-parameter", Severity::error, s.name.written,
                "the definition of " + quoted(s.name) + " has a parameter such as $1, which a view cannot have",
                "A migration tool may have rewritten ? or :name; escape it there, then call " +
                    call("mv_apply", s.name, definition) + ".");
        if (!s.problem.empty())
            add("unknown-parameter", Severity::error, s.name.written, s.problem,
                "Pass storage parameters as options to mv_apply, for example '{\"fillfactor\": 90}'.");
        bool const dropped_before = dropped_.find(s.name) != nullptr;
        if (s.if_not_exists && !dropped_before)
            add("if-not-exists-hides-change", Severity::warning, s.name.written,
                "IF NOT EXISTS keeps " + quoted(s.name) + " as it is where it exists, whatever its query",
                "Call " + call("mv_apply", s.name, definition) +
                    ", which creates, replaces, alters or leaves alone as the definition asks.");
        else if (!dropped_before && database_.look_up(s.name).managed)
            add("create-managed", Severity::error, s.name.written, quoted(s.name) + " exists and is managed",
                "Call " + call("mv_apply", s.name, definition) + " instead.");
        if (s.with_data)
            add("with-data-in-transaction", in_transaction_ ? Severity::warning : Severity::info, s.name.written,
                in_transaction_
                    ? "the query of " + quoted(s.name) +
                          " runs inside the transaction, which keeps every lock it has until the end"
                    : "the query of " + quoted(s.name) +
                          " runs while the migration does; in a transaction of the tool, all its locks last as long",
                "Call " + call("mv_create", s.name, definition) +
                    ", which returns at once and fills the view after commit.");
        made_.at(s.name) = {s.with_data, s.with_data, false, false};
    }

    void refresh(const Statement &s) {
        Made *const made = made_.find(s.name);
        if (s.concurrently) {
            if (made && !made->filled && !made->by_call)
                add("first-refresh-concurrently", Severity::error, s.name.written,
                    quoted(s.name) + " was created WITH NO DATA and is not filled: CONCURRENTLY cannot be used",
                    "Call " + call("mv_refresh", s.name) + ", which fills it and needs no unique index.");
            if (!has_unique_index(s, made))
                add("no-unique-index", Severity::error, s.name.written,
                    quoted(s.name) +
                        " has no unique index on plain columns and without WHERE, which CONCURRENTLY needs",
                    "Call " + call("mv_refresh", s.name) + ", which needs none.");
            return;
        }
        if (in_transaction_)
            add("with-data-in-transaction", Severity::warning, s.name.written,
                "REFRESH locks " + quoted(s.name) + " against readers until the transaction ends",
                "Call " + call("mv_refresh_async", s.name) + ", which refreshes after commit.");
        else if (!made || made->filled)
            add("plain-refresh-blocks-readers", Severity::warning, s.name.written,
                "REFRESH locks " + quoted(s.name) + " against readers while its query runs",
                "Call " + call("mv_refresh", s.name) + ", which lets them read.");
        if (made)
            made->filled = s.with_data;
    }

    bool has_unique_index(const Statement &s, const Made *made) {
        if (made)
            return made->identifies_rows || made->by_call;
        if (made_later_indexes_.find(s.name))
            return true;
        Known const known = database_.look_up(s.name);
        return !known.materialized_view || known.has_unique_index;
    }

    void rename(const Statement &s) {
        if (const Statement *const replacement = after(renames_.find(s.name)))
            add("rename-swap", Severity::error, s.name.written,
                "views and functions that use " + quoted(s.name) + " stay with the renamed one when " +
                    quoted(replacement->name) + " takes its name in line " + std::to_string(replacement->line),
                "Call " + call("mv_replace", s.name, definition) + ": dependents, grants and indexes stay.");
        if (Made *const made = made_.find(s.name)) {
            Made const moved = *made;
            made_.erase(s.name);
            made_.at(s.new_name) = moved;
        }
    }

    void drop(const Statement &s) {
        bool const of_views = s.dropped_kind == "MATERIALIZED VIEW";
        for (const Name &name : s.dropped) {
            const Statement *const again = of_views ? after(creations_.find(name)) : nullptr;
            bool const managed = (of_views && !made_.find(name) && database_.look_up(name).managed);
            if (again)
                add("drop-and-recreate", Severity::error, name.written,
                    quoted(name) + " is dropped and created again in line " + std::to_string(again->line) +
                        ": readers wait or fail, and its dependents, grants, comments and indexes go",
                    "Call " + call("mv_replace", name, definition) + " instead of both.");
            if (managed)
                add("drop-managed", Severity::error, name.written,
                    quoted(name) + " is managed: its history would end here",
                    "Call " + (again ? call("mv_replace", name, definition) : call("mv_drop", name)) + " instead.");
            if (s.drops_schema && s.cascade)
                for (const std::string &view : database_.managed_in(name.name))
                    add("drop-managed", Severity::error, view, "\"" + view + "\" is managed, and goes with its schema",
                        "Call " + call("mv_drop", Name{{}, {}, view}) + " first, if it is to go.");
            if (s.drops_relation) {
                made_.erase(name);
                dropped_.at(name) = true;
            }
        }
        if (s.cascade)
            for (const Name &name : s.dropped)
                cascade(s, name);
    }

    void cascade(const Statement &s, const Name &name) {
        bool const of_view = s.dropped_kind == "MATERIALIZED VIEW";
        add("cascade", Severity::error, name.written,
            "DROP " + s.dropped_kind + " " + name.written + " CASCADE drops whatever depends on it, unseen" +
                (of_view ? ", columns of tables included" : ", materialized views included"),
            of_view ? "Call " + call("mv_drop", name) + ", which lists what depends on it and refuses."
                    : "Leave CASCADE out. Call mv_dependents for a view to see what depends on it, and mv_drop for one "
                      "that is "
                      "to go.");
    }

    void made_by_call(const Statement &s) {
        if (s.new_name.name.empty())
            return;
        if (s.name.name == "mv_refresh") {
            if (Made *const made = made_.find(s.new_name))
                made->filled = true;
            return;
        }
        Made &made = made_.at(s.new_name);
        made.filled = made.by_call = true;
    }

    const std::vector<Statement> &statements_;
    const Database &database_;
    std::size_t at_ = 0;
    bool in_transaction_ = false;
    ByName<std::vector<std::size_t>> creations_, renames_; // positions in statements_, in order
    ByName<Made> made_;
    ByName<bool> dropped_, made_later_indexes_;
    std::vector<Finding> findings_;
};

} // namespace

std::string_view to_text(Severity severity) {
    switch (severity) {
    case Severity::info:
        return "info";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    }
    return "error";
}

std::vector<Finding> check(const std::vector<Statement> &statements, const Database &database) {
    return Check(statements, database).run();
}

} // namespace mvmanager::model::lint

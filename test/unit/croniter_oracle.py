#!/usr/bin/python3
"""Compares due times with python3-croniter (Debian) over random cron texts in UTC.

usage: croniter_oracle.py <next_runs binary> [texts] [seed]

The seconds field is first here and last there. croniter joins the two day fields by OR unless one is a bare star; cron itself
(crontab(5)) looks at whether one *begins* with a star, so croniter is told which of the two to do.

Where the two differ, the definition decides: this program then goes through the days one by one with the sets of values
that it made the text from. Known reasons: croniter 1.3.5 takes a day field that lists every day (0-6, 1-31) for a star; it
misses a first of March, or a last day of the month given as L, where the set of days has 31 in it. The exit status is 1
where the definition is not on our side.
"""

import random
import subprocess
import sys
import warnings
from calendar import monthrange
from datetime import datetime, timedelta, timezone

from croniter import croniter

warnings.filterwarnings("ignore")

FIELDS = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
LAST = "L"  # among the values of the day field
DUE_TIMES = 5


class Field:
    def __init__(self, text, values):
        self.text = text
        self.values = values


def word(rng, name, number):
    if name == "month" and rng.random() < 0.3:
        return rng.choice((str.lower, str.upper, str.title))(MONTHS[number - 1])
    if name == "weekday" and rng.random() < 0.3:
        return WEEKDAYS[number]
    return str(number)


def random_item(rng, name):
    low, high = FIELDS[name]
    kind = rng.random()
    if name == "day" and kind < 0.07:
        return Field("L", {LAST})
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    if kind < 0.55 or first == last:
        return Field(word(rng, name, first), {first})
    text = word(rng, name, first) + "-" + word(rng, name, last)
    step = 1
    if kind < 0.75:
        step = rng.randint(1, last - first)
        text += f"/{step}"
    return Field(text, set(range(first, last + 1, step)))


def random_field(rng, name):
    low, high = FIELDS[name]
    kind = rng.random()
    star = {"second": 0.2, "minute": 0.2, "hour": 0.3, "day": 0.5, "month": 0.6, "weekday": 0.6}[name]
    if kind < star:
        return Field("*", set(range(low, high + 1)))
    if kind < star + 0.12:
        step = rng.randint(1, high - low)
        return Field(f"*/{step}", set(range(low, high + 1, step)))
    items = [random_item(rng, name) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return Field(",".join(item.text for item in items), set().union(*(item.values for item in items)))


def by_definition(start, fields):
    """The due times, by going through the days from the start on."""
    times = []
    date = datetime.fromtimestamp(start, timezone.utc).replace(hour=0, minute=0, second=0)
    either = not (fields["day"].text.startswith("*") or fields["weekday"].text.startswith("*"))
    seconds = sorted(fields["second"].values)
    for _ in range(100 * 366):
        is_last = date.day == monthrange(date.year, date.month)[1]
        day = date.day in fields["day"].values or (is_last and LAST in fields["day"].values)
        weekday = date.isoweekday() % 7 in fields["weekday"].values
        if date.month in fields["month"].values and ((day or weekday) if either else (day and weekday)):
            for hour in sorted(fields["hour"].values):
                for minute in sorted(fields["minute"].values):
                    for second in seconds:
                        due = int(date.timestamp()) + hour * 3600 + minute * 60 + second
                        if due > start:
                            times.append(due)
                        if len(times) == DUE_TIMES:
                            return times
        date += timedelta(days=1)
    return times


def by_croniter(start, fields, names):
    text = " ".join(fields[name].text for name in names if name != "second")
    if "second" in names:
        text += " " + fields["second"].text
    either = not (fields["day"].text.startswith("*") or fields["weekday"].text.startswith("*"))
    try:
        base = datetime.fromtimestamp(start, timezone.utc)
        iterator = croniter(text, base, day_or=either, max_years_between_matches=100)
        return [int(iterator.get_next(float)) for _ in range(DUE_TIMES)]
    except Exception as error:  # what it refuses or cannot find
        return type(error).__name__


def show(times):
    if isinstance(times, str):
        return times
    return ", ".join(datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%d %H:%M:%S") for t in times)


def main():
    binary = sys.argv[1]
    texts = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    cases = []
    for _ in range(texts):
        names = ["minute", "hour", "day", "month", "weekday"]
        if rng.random() < 0.25:
            names.insert(0, "second")
        fields = {name: random_field(rng, name) for name in names}
        start = rng.randint(946_684_800, 4_102_444_800)  # 2000 to 2100
        cases.append((start, names, fields))
    lines = [f"{start} {DUE_TIMES} {' '.join(fields[name].text for name in names)}\n" for start, names, fields in cases]
    ran = subprocess.run([binary], input="".join(lines), text=True, capture_output=True, check=True)
    answers = ran.stdout.split("\n")

    equal = never = departs = wrong = 0
    for (start, names, fields), line, answer in zip(cases, lines, answers):
        fields.setdefault("second", Field("0", {0}))
        theirs = by_croniter(start, fields, names)
        ours = "error" if answer == "error" else [int(time) for time in answer.split()]
        if ours == theirs:
            equal += 1
            continue
        truth = by_definition(start, fields) or "error"
        if ours == truth and theirs == "CroniterBadDateError":
            never += 1
            continue
        departs += ours == truth
        wrong += ours != truth
        print(f"{'croniter departs' if ours == truth else 'WRONG HERE'}: {line.split(' ', 2)[2].strip()!r} after {show([start])}")
        print(f"  here        {show(ours)}\n  croniter    {show(theirs)}\n  definition  {show(truth)}")
    print(f"{texts} texts: {equal} equal, {never} never due on both sides, {departs} where croniter departs, {wrong} wrong here")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Every function and operator of the subset means what Prometheus 2.42 means by it, promtool being the judge."""

from __future__ import annotations

import pytest

from tests.promql import ours
from tests.promql.promtool import Answer, Promtool, Told

MOMENTS_S = (0, 15, 30, 90, 120, 150, 215, 300, 330, 345, 600, 615, 900, 1200, 1215, 1500, 2100)
SERIES = (
    Told(
        "m",
        {"a": "x", "b": "1"},
        tuple(
            [
                "1",
                "2",
                "3",
                "_",
                "4",
                "stale",
                "_",
                "5",
                "6",
                "1",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "7",
                "8",
                "9",
                "9",
                "9",
                "3",
            ]
        ),
    ),
    Told(
        "m",
        {"a": "x", "b": "2"},
        tuple(
            [
                "0",
                "0",
                "NaN",
                "_",
                "-1",
                "1.5",
                "_",
                "_",
                "+Inf",
                "2",
                "3",
                "4",
                "5",
                "6",
                "7",
                "8",
                "9",
                "9",
                "9",
                "9",
                "9",
            ]
        ),
    ),
    Told(
        "m",
        {"a": "y", "b": "1"},
        tuple(
            [
                "_",
                "_",
                "_",
                "3",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "_",
                "4",
                "stale",
            ]
        ),
    ),
    Told("m", {"a": "y", "b": "2", "c": "z"}, ("2.5",) * 40),
    Told("n", {"a": "x"}, tuple(["2", "2", "2", "_", "_", "_", "0", "0", "0", "stale", "stale", "3"])),
    Told("n", {"a": "y"}, ("4", *"_" * 20, "5")),
    Told("n", {"a": "w"}, ("1",) * 12),
    Told("t", {"a": "x"}, tuple(str(1663718400 + 86400 * 37 * step) for step in range(30))),
    Told(
        "c",
        {"a": "x"},
        tuple(
            [
                "1",
                "3",
                "6",
                "10",
                "12",
                "12",
                "1",
                "2",
                "_",
                "8",
                "20",
                "21",
                "23",
                "30",
                "31",
                "33",
                "2",
                "4",
                "8",
                "16",
                "32",
                "64",
            ]
        ),
    ),
)
EXPRESSIONS = """
m
m{a="x"}
m{b!="1"}
m{c=""}
m{c!=""}
m{a=~"x|y",b!~"2"}
m offset 1m
m offset 25s
nothing_like_it
timestamp(m)
timestamp(m offset 45s)
timestamp(m + 0)
m + 1
1 - m
-m
m % 2
m ^ 2
2 ^ m
m / 0
m atan2 2
m > 2
2 < m
m > bool 2
m == m
m != bool 3
time() + 1
time() > bool 100
vector(time())
scalar(n{a="y"}) + 1
scalar(m)
m > scalar(n{a="x"})
n + on (a) n
n * ignoring (b) n
m * on (a) group_left () n
m * on (a) group_left (d) label_replace(n, "d", "$1", "a", "(.)")
n * on (a) group_right () m
n > on (a) group_right () m
m < on (a) group_left () n
m >= bool on (a) group_left () n
m + on (a) n
n + on (a) m
n > on (a) n
n > ignoring (a) n
m + on (b) group_left () m
m and n
m and on (a) n
m and on (a) n > 2
m unless on (a) n
m unless ignoring (b, c) n
m or n
n or on (a) m
m{b="1"} or m
m or on () vector(1)
vector(1) unless on () m{a="y"}
m{a="x"} and on () n == 2
sum(m)
sum by (a) (m)
sum without (a) (m)
min by (a) (m)
max by (a) (m)
avg by (b) (m{a="y"})
count by (a, c) (m)
count(nothing_like_it)
group by (b) (m)
stddev by (a) (m{b="2",a="y"})
stdvar(n)
quantile by (a) (0.5, m)
quantile(0.9, n)
quantile(2, n)
quantile(-1, n)
topk(1, n)
topk by (a) (1, m)
bottomk(2, n)
topk(0, n)
abs(m - 3)
ceil(m / 2)
floor(m / 2)
exp(n)
ln(m)
log2(m)
log10(m)
sqrt(m)
sgn(m - 2)
round(m / 2)
round(m, 0.4)
clamp(m, 2, 3)
clamp(m, 3, 2)
clamp_min(m, 2)
clamp_max(m, 2)
minute(t)
hour(t)
day_of_week(t)
day_of_month(t)
days_in_month(t)
month(t)
year(t)
day_of_year(t)
hour()
sort(n)
sort_desc(n)
label_replace(m, "d", "is $1", "a", "(x)")
label_replace(m, "a", "", "a", ".*")
label_replace(m, "d", "fixed", "", "")
label_replace(m, "d", "$1x-${1}x", "a", "(.)")
label_join(m, "d", "-", "a", "b")
absent(m{a="y",b="1"})
absent(nothing_like_it{a="1",b=~"c",d!="e"})
absent(sum(nothing_like_it))
absent_over_time(m{a="y",b="1"}[2m])
present_over_time(m[1m])
count_over_time(m[1m])
count_over_time(m[45s] offset 20s)
last_over_time(m[10m])
last_over_time(m[2m] offset 1m)
sum_over_time(m[3m])
avg_over_time(m{b="1"}[3m])
min_over_time(m[3m])
max_over_time(m[3m])
stddev_over_time(n[3m])
stdvar_over_time(c[5m])
quantile_over_time(0.5, m[5m])
quantile_over_time(0.9, c[5m])
quantile_over_time(1.5, c[5m])
changes(m[5m])
resets(c[5m])
rate(c[5m])
rate(c[1m])
increase(c[5m])
increase(m{b="1"}[5m])
delta(c[5m])
irate(c[2m])
idelta(c[2m])
deriv(c[5m])
deriv(n[5m])
predict_linear(c[5m], 60)
predict_linear(n[5m] offset 30s, 600)
max_over_time(m[3m]) < 5 and count_over_time(m[3m]) >= 2
group by (a) (m) * time()
(m > 1) * 0 + time()
time() - m > 600
count by (a) (m) / on (a) group_left () count by (a) (n)
""".strip().splitlines()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Answer]]:
    """One call of promtool for all of them."""
    asked = [(expr, at_s) for expr in EXPRESSIONS for at_s in MOMENTS_S]
    said = Promtool(SERIES, asked=asked).answers(tmp_path_factory.mktemp("promtool"))
    return {expr: list(said[n * len(MOMENTS_S) : (n + 1) * len(MOMENTS_S)]) for n, expr in enumerate(EXPRESSIONS)}


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_it_means_what_prometheus_means(expr: str, judged: dict[str, list[Answer]]) -> None:
    said = ours.answers(SERIES, 30, expr, MOMENTS_S)
    for at_s, ours_, theirs in zip(MOMENTS_S, said, judged[expr], strict=True):
        assert ours.same(ours_, theirs), f"{expr} at {at_s} s: {ours_}, and promtool says {theirs}"


def test_promtool_says_something_of_most(judged: dict[str, list[Answer]]) -> None:
    """The comparison above can fail: hardly an expression is silent all the time, and some fail."""
    silent = [expr for expr, said in judged.items() if not any(said)]
    assert len(silent) < 8, silent
    assert sum(isinstance(each, str) for said in judged.values() for each in said) > 10

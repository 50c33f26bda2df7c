-- clv_collapse for a summary that says in which unit it counts: the unit travels with the unique rows.
select frequency, recency, T, cast(count(*) as double) as weights, period
from {summary}
group by frequency, recency, T, period

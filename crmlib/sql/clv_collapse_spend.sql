-- The same for Gamma-Gamma, which learns from those who bought again and spent something.
select frequency, monetary_value, cast(count(*) as double) as weights
from {summary}
where frequency > 0 and monetary_value > 0
group by frequency, monetary_value

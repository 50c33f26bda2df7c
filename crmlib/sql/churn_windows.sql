-- The gap within which a share of the customers' returns came, by name.
select name, count(*) as gaps, percentile_cont(:quantile) within group (order by gap) as days
from {gaps}
group by name

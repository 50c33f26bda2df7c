-- How many customers moved from which segment to which. An empty segment before: not yet a customer; after: gone
-- from the table.
select before.segment as before, after.segment as after, count(*) as customers
from {before} as before
full outer join {after} as after on before.customer_id = after.customer_id
group by before.segment, after.segment

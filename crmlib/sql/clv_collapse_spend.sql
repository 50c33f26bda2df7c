-- Customers who look alike to a model of spend, as one row with a weight. The model is about repeat purchases: who made
-- none says nothing about it.
select frequency, monetary_value, count(*) as weights
from {summary}
where frequency > 0
group by frequency, monetary_value

-- What each customer of a randomised campaign bought from the assignment to the end of the campaign's window.
select
  assigned.customer_id,
  case when assigned.arm = 'control' then 0 else 1 end as contacted,
  cast(count(orders.order_id) as double) as window_orders,
  cast(coalesce(sum(cast(orders.amount as decimal(18, 4))), 0) as double) as window_spend
from {assignments} as assigned
left join {orders} as orders
  on orders.customer_id = assigned.customer_id
  and orders.order_ts >= assigned.assigned_ts
  and day_index(orders.order_ts) < day_index(assigned.assigned_ts) + :window_days
where assigned.campaign_id = :campaign_id
group by assigned.customer_id, case when assigned.arm = 'control' then 0 else 1 end

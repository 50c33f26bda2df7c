-- Returns of the very amount of an order before them, each with the latest such order that no other return has taken;
-- returns and orders alike. Only customers with a return of an order's amount are looked at.
--
-- Orders and returns of one amount are a pile of a customer's: an order lays one on, a return takes the topmost.
with ranked as (
  select
    customer_id,
    order_id,
    amount,
    abs(amount) as size,
    row_number() over (
      partition by customer_id
      order by order_ts, case when amount < 0 then 1 else 0 end, case when :numbered = 1 then amount else 0 end, order_id
    ) as place
  from {totals}
  where amount <> 0 and customer_id in (
    select back.customer_id
    from {totals} as back
    inner join {totals} as bought on back.customer_id = bought.customer_id and back.amount = -bought.amount
    where back.amount < 0
  )
),
balances as (
  select
    *,
    sum(case when amount > 0 then 1 else -1 end)
      over (partition by customer_id, size order by place rows between unbounded preceding and current row) as balance
  from ranked
),
grounded as (
  select
    *,
    least(0, min(balance)
      over (partition by customer_id, size order by place rows between unbounded preceding and current row)) as ground
  from balances
),
levels as (
  select
    *,
    balance - ground as level,
    lag(ground, 1, 0) over (partition by customer_id, size order by place) as ground_before
  from grounded
),
lowest as (
  select
    *,
    min(balance - ground)
      over (partition by customer_id, size order by place rows between current row and unbounded following) as low
  from levels
)
select customer_id, order_id, amount
from lowest
where (amount > 0 and low < level) or (amount < 0 and ground = ground_before)

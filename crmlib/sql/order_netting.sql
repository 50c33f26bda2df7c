-- Returns that stand as orders of their own go against the orders before them: the latest first, and what exceeds it
-- against the one before that, as far as they reach. Only customers with such returns are looked at.
--
-- The purchases of a customer are a pile: each order lies on those before it, and a return takes from the top. `level`
-- is how high the pile is after each event; what is left of an order is what the pile never falls below from then on.
-- What a return cannot take, because nothing is left, is `unplaced`: the pile does not sink below the ground.
with ranked as (
  select
    customer_id,
    order_id,
    order_ts,
    amount,
    gave_back,
    -- at one instant the purchase comes before its return; without ids of the source's own, equal rows are told apart
    -- by nothing, so that their order cannot matter
    row_number() over (
      partition by customer_id
      order by order_ts, case when amount < 0 then 1 else 0 end, case when :numbered = 1 then amount else 0 end, order_id
    ) as place
  from {totals}
  where customer_id in (select customer_id from {totals} where amount < 0)
),
balances as (
  select
    *,
    cast(sum(amount) over (partition by customer_id order by place rows between unbounded preceding and current row)
      as decimal(38, 4)) as balance,
    max(case when amount >= 0 then 1 else 0 end)
      over (partition by customer_id order by place rows between unbounded preceding and current row) as bought
  from ranked
),
grounded as (
  select
    *,
    least(0, min(balance) over (partition by customer_id order by place rows between unbounded preceding and current row))
      as ground
  from balances
),
levels as (
  select
    *,
    balance - ground as level,
    ground - lag(ground, 1, cast(0 as decimal(38, 4))) over (partition by customer_id order by place) as unplaced
  from grounded
),
left_over as (
  select
    *,
    min(level) over (partition by customer_id order by place rows between current row and unbounded following) as lowest
  from levels
)
select
  customer_id,
  order_id,
  order_ts,
  case when amount >= 0 then greatest(0, lowest - (level - amount)) else amount end as amount,
  case when amount > 0 and lowest < level then 1 else gave_back end as gave_back,
  case when amount < 0 then 1 else 0 end as is_return,
  bought,
  unplaced
from left_over

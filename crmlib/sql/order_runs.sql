-- Returns of the very amount of several orders in a row before them, and these orders: for each return the latest such
-- row of orders, and for each order the earliest such return. Customers with very many of both are left out: there, some
-- row of orders would fit any amount.
with ranked as (
  select
    customer_id,
    order_id,
    amount,
    row_number() over (
      partition by customer_id
      order by order_ts, case when amount < 0 then 1 else 0 end, case when :numbered = 1 then amount else 0 end, order_id
    ) as place,
    sum(case when amount > 0 then 1 else 0 end) over (
      partition by customer_id
      order by order_ts, case when amount < 0 then 1 else 0 end, case when :numbered = 1 then amount else 0 end, order_id
      rows between unbounded preceding and current row
    ) as number,
    cast(sum(case when amount > 0 then amount else 0 end) over (
      partition by customer_id
      order by order_ts, case when amount < 0 then 1 else 0 end, case when :numbered = 1 then amount else 0 end, order_id
      rows between unbounded preceding and current row
    ) as decimal(38, 4)) as paid
  from {totals}
  where amount <> 0 and customer_id in (
    select customer_id from {totals} where amount <> 0 group by customer_id
    having sum(case when amount < 0 then 1 else 0 end) between 1 and 50 and count(*) between 3 and 500
  )
),
fitting as (
  select
    back.customer_id,
    back.order_id as return_id,
    back.amount,
    back.place,
    newest.number as newest,
    oldest.number as oldest,
    row_number() over (partition by back.customer_id, back.place order by newest.number desc) as choice
  from ranked as back
  inner join ranked as newest on back.customer_id = newest.customer_id and newest.place < back.place
  inner join ranked as oldest
    on back.customer_id = oldest.customer_id
    and oldest.paid - oldest.amount = newest.paid + back.amount
  where back.amount < 0 and newest.amount > 0 and oldest.amount > 0 and oldest.number < newest.number
),
claims as (
  select
    fitting.*,
    ranked.order_id,
    ranked.amount as bought,
    min(fitting.place) over (partition by fitting.customer_id, ranked.number) as first_claim
  from fitting
  inner join ranked
    on fitting.customer_id = ranked.customer_id and ranked.number between fitting.oldest and fitting.newest
  where fitting.choice = 1 and ranked.amount > 0
),
undisputed as (
  select *, max(case when first_claim = place then 0 else 1 end) over (partition by customer_id, place) as disputed
  from claims
)
select customer_id, order_id, bought as amount from undisputed where disputed = 0
union all
select distinct customer_id, return_id as order_id, amount from undisputed where disputed = 0

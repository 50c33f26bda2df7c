-- Readers by campaign, and those of them who ordered within :conversion_days days of reading, its own day included.
-- Mails count that were sent after the day :sent_after and up to the day :sent_until. With :last = 1 an order counts for
-- the mail read last before it; with :first_only = 1 only readers without an earlier order, and their first order.
with firsts as (
  select customer_id, min(order_ts) as first_ts
  from {orders}
  where order_ts < :until
  group by customer_id
),
readers as (
  select mails.campaign_id, mails.customer_id, mails.sent_ts, mails.read_ts, firsts.first_ts
  from {mails} as mails
  left join firsts on firsts.customer_id = mails.customer_id
  where mails.read_ts is not null
    and mails.bounced = 0
    and (:first_only = 0 or firsts.first_ts is null or firsts.first_ts >= mails.read_ts)
),
followed as (
  select
    readers.campaign_id,
    readers.customer_id,
    row_number() over (
      partition by orders.customer_id, orders.order_id
      order by readers.read_ts desc, readers.sent_ts desc, readers.campaign_id desc
    ) as place
  from readers
  join {orders} as orders
    on orders.customer_id = readers.customer_id
    and orders.order_ts >= readers.read_ts
    and orders.order_ts < :until
    and day_index(orders.order_ts) < day_index(readers.read_ts) + :conversion_days
  where :first_only = 0 or orders.order_ts = readers.first_ts
),
credited as (
  select distinct campaign_id, customer_id
  from followed
  where :last = 0 or place = 1
)
select
  readers.campaign_id,
  count(*) as readers,
  count(credited.customer_id) as converted
from readers
left join credited on credited.campaign_id = readers.campaign_id and credited.customer_id = readers.customer_id
where day_index(readers.sent_ts) > day_index(:sent_after)
  and day_index(readers.sent_ts) <= day_index(:sent_until)
group by readers.campaign_id

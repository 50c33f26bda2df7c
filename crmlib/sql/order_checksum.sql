-- Which orders these are: how many, the first and last, and a checksum that does not depend on the order of the rows.
-- An order is spelled as text that any engine and any later version can spell again; 31 is ASCII's unit separator.
select
  count(*) as orders,
  min(order_ts) as first_ts,
  max(order_ts) as last_ts,
  sum(
    md5_half(
      concat_ws(
        chr(31),
        customer_id,
        order_id,
        cast(epoch_microseconds(order_ts) as string),
        cast(cast(cast(amount as decimal(18, 4)) * 10000 as decimal(38, 0)) as string)
      )
    )
  ) as checksum
from {orders}

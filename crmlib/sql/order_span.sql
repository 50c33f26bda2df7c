-- When the first and the last order came.
select min(order_ts) as first_ts, max(order_ts) as last_ts
from {orders}

-- What had happened by the end of a day.
select * from {rows} where order_ts < :until

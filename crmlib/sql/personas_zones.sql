-- Pages that each customer viewed by zone of the site up to a day (inclusive).
select zones.customer_id, zones.zone as item, cast(sum(zones.views) as bigint) as n
from {zones} as zones
join {sessions} as sessions on sessions.session_id = zones.session_id
where sessions.start_ts < :until and zones.customer_id is not null
group by zones.customer_id, zones.zone

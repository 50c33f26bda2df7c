-- The surveys after an order of which something had come back when they were sent.
select distinct surveys.survey_id
from {surveys} as surveys
join {returns} as returns on returns.order_id = surveys.order_id
where returns.return_ts <= surveys.sent_ts

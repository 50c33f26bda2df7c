-- For each survey after an order: the requests about that order that were opened before it was sent; how many, how many
-- about the delivery, and how many whose first reply took longer than so many hours or had not come.
select
  surveys.survey_id,
  count(*) as tickets,
  count(case when tickets.topic = 'delivery' then 1 end) as about_delivery,
  count(case when coalesce(tickets.first_response_hours, 1000000) > :hours then 1 end) as slow
from {surveys} as surveys
join {tickets} as tickets on tickets.order_id = surveys.order_id
where tickets.opened_ts <= surveys.sent_ts
group by surveys.survey_id

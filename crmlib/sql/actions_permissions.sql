-- What each of these people allows: 1 in force, 0 withdrawn, null never given; and how long ago they last bought.
with allowed as (
  select
    customer_id,
    max(case when purpose = 'service' and channel = 'email' then in_force end) as service_email,
    max(case when purpose = 'service' and channel = 'sms' then in_force end) as service_sms,
    max(case when purpose = 'service' and channel = 'whatsapp' then in_force end) as service_whatsapp,
    max(case when purpose = 'service' and channel = 'phone' then in_force end) as service_phone,
    max(case when purpose = 'marketing' and channel = 'email' then in_force end) as marketing_email,
    max(case when purpose = 'marketing' and channel = 'sms' then in_force end) as marketing_sms,
    max(case when purpose = 'marketing' and channel = 'whatsapp' then in_force end) as marketing_whatsapp,
    max(case when purpose = 'marketing' and channel = 'phone' then in_force end) as marketing_phone,
    max(case when purpose = 'soft_spam' and channel = 'email' then in_force end) as soft_spam_email,
    max(case when purpose = 'soft_spam' and channel = 'sms' then in_force end) as soft_spam_sms,
    max(case when purpose = 'soft_spam' and channel = 'whatsapp' then in_force end) as soft_spam_whatsapp,
    max(case when purpose = 'soft_spam' and channel = 'phone' then in_force end) as soft_spam_phone
  from {in_force}
  group by customer_id
),
bought as (
  select customer_id, day_index(:as_of) - day_index(max(order_ts)) as days_since_order
  from {orders}
  where order_ts < :until
  group by customer_id
)
select
  people.customer_id,
  cast(bought.days_since_order as double) as days_since_order,
  cast(allowed.service_email as double) as service_email,
  cast(allowed.service_sms as double) as service_sms,
  cast(allowed.service_whatsapp as double) as service_whatsapp,
  cast(allowed.service_phone as double) as service_phone,
  cast(allowed.marketing_email as double) as marketing_email,
  cast(allowed.marketing_sms as double) as marketing_sms,
  cast(allowed.marketing_whatsapp as double) as marketing_whatsapp,
  cast(allowed.marketing_phone as double) as marketing_phone,
  cast(allowed.soft_spam_email as double) as soft_spam_email,
  cast(allowed.soft_spam_sms as double) as soft_spam_sms,
  cast(allowed.soft_spam_whatsapp as double) as soft_spam_whatsapp,
  cast(allowed.soft_spam_phone as double) as soft_spam_phone
from {people} as people
left join allowed on allowed.customer_id = people.customer_id
left join bought on bought.customer_id = people.customer_id

-- What was withdrawn by mail under any other record of a customer's mailbox: a second account, or a contact. Mailboxes are
-- the same when they are written the same, but for case and spaces around.
with withdrawn as (
  select lower(trim(customers.email)) as mailbox, consents.purpose, consents.given_ts, consents.withdrawn_ts
  from {consents} as consents
  join {customers} as customers on customers.customer_id = consents.customer_id
  where consents.channel = 'email' and consents.withdrawn_ts is not null
  union all
  select lower(trim(contacts.email)) as mailbox, consents.purpose, consents.given_ts, consents.withdrawn_ts
  from {consents} as consents
  join {contacts} as contacts on contacts.contact_id = consents.contact_id
  where consents.channel = 'email' and consents.withdrawn_ts is not null
)
select customers.customer_id, withdrawn.purpose, withdrawn.given_ts, withdrawn.withdrawn_ts
from {customers} as customers
join withdrawn on withdrawn.mailbox = lower(trim(customers.email))
where withdrawn.purpose in ('marketing', 'soft_spam')

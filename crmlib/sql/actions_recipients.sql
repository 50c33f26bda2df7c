-- Where the customers of a queue can be reached, as they typed it.
select customer_id, email, phone, first_name, last_name, language, country, city
from {people}
where customer_id in (select customer_id from {wanted})

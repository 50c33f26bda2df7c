-- Where the customers of a queue can be reached, as they typed it.
select people.*
from {people} as people
where people.customer_id in (select customer_id from {wanted})

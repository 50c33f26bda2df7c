-- The first moment after each entry that ends the sequence.
select entered.customer_id, entered.us, min(moments.us) as exit_us
from {entered} as entered
join {moments} as moments on moments.customer_id = entered.customer_id and moments.us > entered.us
group by entered.customer_id, entered.us

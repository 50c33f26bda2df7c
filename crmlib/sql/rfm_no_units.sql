-- Scores without units, where the source has no order lines.
select *, cast(null as double) as units
from {scores}

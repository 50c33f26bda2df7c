-- People in the database before :after, those who joined it by :until and those who left it. One person may join and
-- leave several times.
select
  cast(coalesce(sum(at_start), 0) as bigint) as at_start,
  cast(coalesce(sum(at_end), 0) as bigint) as at_end,
  cast(coalesce(sum(case when at_end > at_start then 1 else 0 end), 0) as bigint) as joined,
  cast(coalesce(sum(case when at_start > at_end then 1 else 0 end), 0) as bigint) as gone
from (
  select
    person,
    max(case when joined_ts < :after and (left_ts is null or left_ts >= :after) then 1 else 0 end) as at_start,
    max(case when joined_ts < :until and (left_ts is null or left_ts >= :until) then 1 else 0 end) as at_end
  from {people}
  group by person
) as people

-- For each survey: the customer's latest answer about each touchpoint, given before the survey was answered (or, where
-- nobody answered, sent).
select survey_id, touchpoint, score
from (
  select
    surveys.survey_id,
    moments.touchpoint,
    moments.score,
    row_number() over (
      partition by surveys.survey_id, moments.touchpoint
      order by moments.answered_ts desc, moments.survey_id desc
    ) as place
  from {surveys} as surveys
  join {moments} as moments on moments.customer_id = surveys.customer_id
  where moments.score is not null and moments.answered_ts <= coalesce(surveys.answered_ts, surveys.sent_ts)
) as ranked
where place = 1

"""The tables of a gradebook, the views that say what counts, and how an older file becomes one of today.

An override remembers the answer that it was made on: ``-`` where nothing was handed in, nothing where an older file did
not say. A mark whose answer has changed since counts, and is open again.
"""

from __future__ import annotations

__all__ = ["NOTHING_HANDED_IN", "TABLES", "UPGRADES", "VERSION", "VIEWS"]

VERSION = 2
NOTHING_HANDED_IN = "-"

_OVERRIDES = """
create table overrides (  -- the latest counts; none is ever removed
    number integer primary key, exercise text not null, student_id text not null,
    question text not null,  -- empty: the whole submission
    kind text not null,  -- mark, bonus, total, excused; retract: what the computer marked counts again
    points real, reason text not null, who text not null, at text not null,
    answer text not null default '', text text not null default ''  -- what was read
) strict;
"""
_SETTLED = """
create table settled (  -- suspicions that a person has looked at
    number integer primary key, exercise text not null, student_id text not null, suspicion text not null,
    basis text not null,  -- what it rests on
    who text not null, at text not null
) strict;
"""
TABLES = f"""
create table students (
    student_id text primary key, name text not null default '', email text not null default '',
    section text not null default '', moodle_id text not null default '', canvas_id text not null default '',
    enrolled integer not null default 1,  -- 0: the roster does not have them
    login text not null default ''
) strict;
create table exercises (
    exercise text primary key, title text not null, points real not null, deadline text,
    questions text not null,  -- JSON: id, title, kind, points
    folder text not null default '', digest text not null default '',  -- of what was graded
    zone text not null default 'UTC'  -- in which times are shown
) strict;
create table submissions (
    exercise text not null references exercises, student_id text not null references students,
    file text not null, digest text not null, submitted_at text, late_days integer not null, late_share real not null,
    status text not null, reason text not null, seconds real not null,
    sandbox text not null, containment text not null, -- 'none' and what no cgroup held are told apart
    notes text not null, suspicions text not null, graded_at text not null,
    choice text not null default '',  -- which of several files, for the instructor
    primary key (exercise, student_id)
) strict;
create table marks (
    exercise text not null, student_id text not null, question text not null,
    points real not null, out_of real not null, needs_review integer not null, findings text not null,
    answer text not null default '', text text not null default '',  -- what identifies it, and what a person reads
    primary key (exercise, student_id, question)
) strict;
create table comments (  -- the latest counts; an empty one takes it back
    number integer primary key, exercise text not null, student_id text not null, question text not null,
    comment text not null, who text not null, at text not null, answer text not null default ''
) strict;
{_OVERRIDES}
{_SETTLED}
"""
VIEWS = """
create view decided as  -- what counts; what was decided on a submission that was withdrawn waits for it
    select o.* from overrides o left join submissions s using (exercise, student_id)
    where o.number in (select max(number) from overrides group by exercise, student_id, question)
      and o.kind <> 'retract' and (s.student_id is not null or o.answer = '-');
create view totals as
    select d.*, d.answer in ('', coalesce(s.digest, '-')) as fresh
    from decided d left join submissions s using (exercise, student_id) where d.question = '';
create view last_comments as
    select * from comments
    where number in (select max(number) from comments group by exercise, student_id, question) and comment <> '';
create view final_marks as
    select m.exercise, m.student_id, m.question, m.out_of, m.points as automatic, m.findings,
           coalesce(d.points, m.points) as points,
           case when coalesce(t.fresh, 0) then 0 when d.number is null then m.needs_review
                else d.answer not in ('', m.answer) end as open,
           d.who, d.at, d.kind, m.answer, m.text, d.points as decided, d.text as earlier,
           d.number is not null and d.answer not in ('', m.answer) as stale
    from marks m
    left join decided d on (d.exercise, d.student_id, d.question) = (m.exercise, m.student_id, m.question)
    left join totals t on (t.exercise, t.student_id) = (m.exercise, m.student_id)
    union all
    select d.exercise, d.student_id, d.question, json_extract(q.value, '$.points'), 0.0, '[]', d.points, 0, d.who, d.at,
           d.kind, d.answer, '', d.points, '', 0
    from decided d join exercises e using (exercise), json_each(e.questions) q
    where json_extract(q.value, '$.id') = d.question
      and not exists (select 1 from submissions s where (s.exercise, s.student_id) = (d.exercise, d.student_id));
create view results as
    select s.exercise, s.student_id, st.name, case when t.kind = 'excused' then 'excused' else s.status end as status,
           s.late_days, s.late_share, round(sum(f.points), 4) as earned,
           case when t.number is null then round(sum(f.points) * s.late_share, 4) else t.points end as points,
           round(sum(f.out_of), 4) as out_of, sum(f.open) + coalesce(not t.fresh, 0) as open
    from submissions s join students st using (student_id)
    left join final_marks f on (f.exercise, f.student_id) = (s.exercise, s.student_id)
    left join totals t on (t.exercise, t.student_id) = (s.exercise, s.student_id)
    group by s.exercise, s.student_id
    union all
    select p.exercise, p.student_id, st.name,
           case when t.kind = 'excused' then 'excused' else 'not handed in, marked by hand' end,
           0, 1.0, round(coalesce(sum(f.points), 0.0), 4),
           case when t.number is null then round(coalesce(sum(f.points), 0.0), 4) else t.points end, e.points, 0
    from (select distinct d.exercise, d.student_id from decided d where not exists (
              select 1 from submissions s where (s.exercise, s.student_id) = (d.exercise, d.student_id))) p
    join students st using (student_id) join exercises e on e.exercise = p.exercise
    left join final_marks f on (f.exercise, f.student_id) = (p.exercise, p.student_id)
    left join totals t on (t.exercise, t.student_id) = (p.exercise, p.student_id)
    group by p.exercise, p.student_id;
create view said as  -- what a student reads: nothing about an answer or a file that is there no more
    select c.* from last_comments c
    left join submissions s on (s.exercise, s.student_id) = (c.exercise, c.student_id)
    left join final_marks f on (f.exercise, f.student_id, f.question) = (c.exercise, c.student_id, c.question)
    where case when s.student_id is null then c.answer = '-' when c.question = '' then 1
               else f.question is not null and not f.stale end;
"""
#: Version of a file to what makes it one of the next version; nothing that a person entered is lost.
UPGRADES = {
    1: f"""
drop view results; drop view final_marks; drop view decided;
alter table students add column login text not null default '';
alter table exercises add column folder text not null default '';
alter table exercises add column digest text not null default '';
alter table exercises add column zone text not null default 'UTC';
alter table submissions add column choice text not null default '';
alter table marks add column answer text not null default '';
alter table marks add column text text not null default '';
alter table comments add column answer text not null default '';
alter table overrides rename to overrides_1;
{_OVERRIDES}
insert into overrides (number, exercise, student_id, question, kind, points, reason, who, at)
    select number, exercise, student_id, question, 'mark', points, reason, who, at from overrides_1;
drop table overrides_1;
{_SETTLED}
{VIEWS}
""",
}

-- verdicts that something else fits as well: what it could be, and what would tell them apart
select cause, other['cause'] as or_else, min(other['told_apart_by']) as told_apart_by, count(*) as connections
from (select cause, unnest(alternatives) as other from resets where confidence = 'possible')
group by cause, other['cause']
order by connections desc, cause, or_else
limit 50

-- causes, with how sure the verdicts are
select cause, confidence, sum("count") as connections, count(distinct service) as services
from resets
group by cause, confidence
order by connections desc, cause, confidence

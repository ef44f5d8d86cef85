-- how many verdicts are how sure
select confidence, sum("count") as connections
from resets
group by confidence
order by connections desc

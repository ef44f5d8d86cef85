-- what several resets have in common
select time, last, kind, severity, connections, title
from incidents
order by severity = 'fault' desc, connections desc, time
limit 50

-- issues: the same shape, cause, side and port, with the share of the connections to that port
select r.family, r.cause, r.reset_by, r.server_port, sum(r."count") as resets,
       round(100.0 * sum(r."count") / max(c.connections), 1) as percent
from resets r
left join (select server_port, count(*) as connections from connections group by server_port) c
  on c.server_port = r.server_port
group by r.family, r.cause, r.reset_by, r.server_port
order by resets desc, r.server_port, r.cause, r.family, r.reset_by
limit 50

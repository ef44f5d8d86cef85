-- resets that may have lost data, the largest loss first
select time, service, cause, client_ip, lost_client_bytes, lost_server_bytes, lost_certainty
from resets
where coalesce(lost_client_bytes, 0) + coalesce(lost_server_bytes, 0) > 0
order by coalesce(lost_client_bytes, 0) + coalesce(lost_server_bytes, 0) desc, time
limit 50

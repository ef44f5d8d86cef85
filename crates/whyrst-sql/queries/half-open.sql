-- connections that never ended in the captures, the longest first
select time, service, client_ip, client_port, duration_ms, client_bytes, server_bytes, history
from connections
where conn_state = 'S1'
order by duration_ms desc, time
limit 50

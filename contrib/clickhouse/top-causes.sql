-- Which causes reset which services most, in the last day. A reset between two hosts that both run an agent is
-- counted by its sender (sent, local) and again by its receiver: count one side.
SELECT service, cause, any(severity) AS severity, sum(count) AS resets
FROM whyrst.hourly
WHERE hour >= now() - INTERVAL 1 DAY AND side IN ('sent', 'local')
GROUP BY service, cause
ORDER BY resets DESC, service, cause
LIMIT 20;

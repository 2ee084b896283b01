SELECT name, version, action, state, message
  FROM mv_create('by_hour',
       'SELECT extract(hour FROM departed)::int AS hour, count(*) AS flights,
               round(avg(delay), 1) AS average_delay,
               percentile_disc(0.95) WITHIN GROUP (ORDER BY delay) AS delay_of_95_percent
          FROM flight GROUP BY 1',
       '{CREATE UNIQUE INDEX ON by_hour (hour)}', label => 'demo-1');

SELECT name, version, action, state, message
  FROM mv_create('by_distance',
       'SELECT distance / 100 * 100 AS miles, count(*) AS flights, round(avg(delay), 1) AS average_delay
          FROM flight GROUP BY 1',
       '{CREATE UNIQUE INDEX ON by_distance (miles)}', label => 'demo-1');

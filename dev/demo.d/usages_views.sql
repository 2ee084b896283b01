SELECT name, version, action, state, message
  FROM mv_create('daily_usage',
       'SELECT date_trunc(''day'', used_at) AS day, count(*) AS messages, sum(credits) AS credits
          FROM message_usages GROUP BY 1',
       '{CREATE UNIQUE INDEX ON daily_usage (day)}', label => 'demo-1');

SELECT name, version, action, state, message
  FROM mv_create('model_usage',
       'SELECT model, count(*) AS messages, sum(tokens) AS tokens, sum(credits) AS credits
          FROM message_usages GROUP BY 1',
       '{CREATE UNIQUE INDEX ON model_usage (model)}', label => 'demo-1');

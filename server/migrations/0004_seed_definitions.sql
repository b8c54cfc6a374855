-- What a new installation starts with. Everything here is the admin's to change or delete; it is never seeded again.
INSERT INTO definition_changes DEFAULT VALUES;
--> statement-breakpoint
INSERT INTO business_levels (id, name, required_points, "order", icon) VALUES
  ('01900000-0000-7000-8000-000000000101', 'Seed', 0, 1, '🌰'),
  ('01900000-0000-7000-8000-000000000102', 'Sprout', 100, 2, '🌱'),
  ('01900000-0000-7000-8000-000000000103', 'Sapling', 300, 3, '🪴'),
  ('01900000-0000-7000-8000-000000000104', 'Young tree', 600, 4, '🌿'),
  ('01900000-0000-7000-8000-000000000105', 'Tree', 1000, 5, '🌳'),
  ('01900000-0000-7000-8000-000000000106', 'Orchard', 2000, 6, '🍎'),
  ('01900000-0000-7000-8000-000000000107', 'Forest', 5000, 7, '🌲');
--> statement-breakpoint
INSERT INTO achievements (id, title, description, required_points, badge_icon) VALUES
  ('01900000-0000-7000-8000-000000000201', 'First step', 'Record your first activity.', 5, '👣'),
  ('01900000-0000-7000-8000-000000000202', 'Warmed up', 'Collect 25 points.', 25, '☀️'),
  ('01900000-0000-7000-8000-000000000203', 'Steady hands', 'Collect 100 points.', 100, '🤲'),
  ('01900000-0000-7000-8000-000000000204', 'In the rhythm', 'Collect 250 points.', 250, '🥁'),
  ('01900000-0000-7000-8000-000000000205', 'Going strong', 'Collect 500 points.', 500, '💪'),
  ('01900000-0000-7000-8000-000000000206', 'Thousand', 'Collect 1,000 points.', 1000, '🏅'),
  ('01900000-0000-7000-8000-000000000207', 'Pillar of the market', 'Collect 2,500 points.', 2500, '🏛️'),
  ('01900000-0000-7000-8000-000000000208', 'Top of the ladder', 'Collect 5,000 points.', 5000, '🪜');
--> statement-breakpoint
INSERT INTO point_rules (id, type, points, daily_cap, cooldown_seconds, sources) VALUES
  ('01900000-0000-7000-8000-000000000301', 'daily_check_in', 5, 5, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000302', 'sales_recorded', 10, 30, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000303', 'expenses_recorded', 10, 30, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000304', 'stock_counted', 10, 10, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000305', 'customer_contacted', 5, 20, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000306', 'promotion_posted', 10, 20, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000307', 'lesson_completed', 20, 40, NULL, '{owner,api_key}'),
  ('01900000-0000-7000-8000-000000000308', 'sale_synced', 1, 50, NULL, '{api_key}'),
  ('01900000-0000-7000-8000-000000000309', 'course_completed', 50, NULL, NULL, '{api_key}'),
  ('01900000-0000-7000-8000-00000000030a', 'instalment_paid', 30, NULL, NULL, '{api_key}');
--> statement-breakpoint
INSERT INTO definition_versions (definition_id, version, kind, content)
  SELECT id, 1, 'level', jsonb_build_object('name', name, 'required_points', required_points, 'order', "order", 'icon', icon)
  FROM business_levels
  UNION ALL
  SELECT id, 1, 'achievement', jsonb_build_object('title', title, 'description', description, 'required_points',
    required_points, 'badge_icon', badge_icon)
  FROM achievements
  UNION ALL
  SELECT id, 1, 'rule', jsonb_build_object('type', type, 'points', points, 'daily_cap', daily_cap, 'cooldown_seconds',
    cooldown_seconds, 'sources', sources, 'active', active)
  FROM point_rules;

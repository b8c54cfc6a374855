CREATE TABLE "audit_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" uuid,
	"action" text NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "business_facts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"business_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"content" text NOT NULL,
	"content_key" text NOT NULL,
	"kind" text NOT NULL,
	"source" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tool_approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"call_id" text NOT NULL,
	"tool" text NOT NULL,
	"arguments_hash" text NOT NULL,
	"status" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"key_hash" text NOT NULL,
	"hint" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_keyHash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "credentials" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"secret_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credentials_userId_kind_unique" UNIQUE("user_id","kind")
);
--> statement-breakpoint
CREATE TABLE "password_resets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	CONSTRAINT "password_resets_tokenHash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "refresh_families" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"family_id" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	CONSTRAINT "refresh_tokens_tokenHash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"role" text DEFAULT 'user' NOT NULL,
	"locale" text NOT NULL,
	"email_verified_at" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "business_levels" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"required_points" integer NOT NULL,
	"order" integer NOT NULL,
	"icon" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "business_levels_required_points_unique" UNIQUE("required_points"),
	CONSTRAINT "business_levels_required_points_check" CHECK ("business_levels"."required_points" >= 0)
);
--> statement-breakpoint
CREATE TABLE "business_links" (
	"api_key_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"business_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "business_links_api_key_id_external_id_pk" PRIMARY KEY("api_key_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "business_standings" (
	"business_id" uuid PRIMARY KEY NOT NULL,
	"total_points" bigint DEFAULT 0 NOT NULL,
	"highest_points" bigint DEFAULT 0 NOT NULL,
	"level_id" uuid,
	"reached_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"sequence" bigint DEFAULT 0 NOT NULL,
	"on_board" boolean DEFAULT true NOT NULL,
	"owner_id" uuid,
	"time_zone" text NOT NULL,
	CONSTRAINT "business_standings_total_points_check" CHECK ("business_standings"."total_points" >= 0)
);
--> statement-breakpoint
CREATE TABLE "businesses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid,
	"business_name" text NOT NULL,
	"business_category" text NOT NULL,
	"business_description" text,
	"address" jsonb,
	"business_stage" text NOT NULL,
	"target_market" text,
	"primary_goal" text,
	"time_zone" text NOT NULL,
	"currency" text NOT NULL,
	"board_visibility" text DEFAULT 'shown' NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"erased_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "personal_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"business_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key_hash" text NOT NULL,
	"hint" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "personal_keys_keyHash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "chat_budget_days" (
	"user_id" uuid NOT NULL,
	"day" date NOT NULL,
	"runs" integer DEFAULT 0 NOT NULL,
	"used_tokens" bigint DEFAULT 0 NOT NULL,
	"reserved_tokens" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "chat_budget_days_user_id_day_pk" PRIMARY KEY("user_id","day"),
	CONSTRAINT "chat_budget_days_not_negative" CHECK ("chat_budget_days"."used_tokens" >= 0 AND "chat_budget_days"."reserved_tokens" >= 0)
);
--> statement-breakpoint
CREATE TABLE "chat_budgets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid,
	"tokens_per_day" bigint,
	"runs_per_day" integer,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_budgets_one_each" UNIQUE NULLS NOT DISTINCT("user_id")
);
--> statement-breakpoint
CREATE TABLE "chat_feedback" (
	"id" uuid PRIMARY KEY NOT NULL,
	"message_id" uuid NOT NULL,
	"rating" text NOT NULL,
	"note" text,
	"model" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_feedback_messageId_unique" UNIQUE("message_id")
);
--> statement-breakpoint
CREATE TABLE "chat_messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"run_id" uuid,
	"role" text NOT NULL,
	"content" text NOT NULL,
	"status" text NOT NULL,
	"tool_calls" jsonb,
	"client_message_id" text,
	"after_id" uuid NOT NULL,
	"is_current" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat_names" (
	"user_id" uuid NOT NULL,
	"business_id" uuid NOT NULL,
	"name" text NOT NULL,
	"session_id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	CONSTRAINT "chat_names_user_id_name_business_id_pk" PRIMARY KEY("user_id","name","business_id")
);
--> statement-breakpoint
CREATE TABLE "chat_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"status" text NOT NULL,
	"error_code" text,
	"input_tokens" integer,
	"output_tokens" integer,
	"instance" integer DEFAULT 0 NOT NULL,
	"model" text,
	"charged_input" integer DEFAULT 0 NOT NULL,
	"charged_output" integer DEFAULT 0 NOT NULL,
	"charge_estimated" boolean DEFAULT true NOT NULL,
	"budget_day" date,
	"reserved_tokens" integer,
	"input_price" numeric(15, 6),
	"output_price" numeric(15, 6),
	"price_currency" text,
	"cost" numeric(24, 12),
	"lease_until" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"record" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat_sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"business_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"title" text NOT NULL,
	"title_source" text DEFAULT 'message' NOT NULL,
	"pinned" boolean DEFAULT false NOT NULL,
	"summary" text,
	"summary_until" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "chat_usage_days" (
	"day" date NOT NULL,
	"user_id" uuid,
	"model" text NOT NULL,
	"currency" text NOT NULL,
	"runs" bigint DEFAULT 0 NOT NULL,
	"estimated_runs" bigint DEFAULT 0 NOT NULL,
	"input_tokens" bigint DEFAULT 0 NOT NULL,
	"output_tokens" bigint DEFAULT 0 NOT NULL,
	"cost" numeric(24, 12) DEFAULT '0' NOT NULL,
	CONSTRAINT "chat_usage_days_once" UNIQUE NULLS NOT DISTINCT("day","user_id","model","currency")
);
--> statement-breakpoint
CREATE TABLE "achievements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"description" text NOT NULL,
	"required_points" integer NOT NULL,
	"badge_icon" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "achievements_required_points_check" CHECK ("achievements"."required_points" >= 0)
);
--> statement-breakpoint
CREATE TABLE "announcements" (
	"business_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"position" smallint NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb NOT NULL,
	"transaction_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "announcements_business_id_sequence_position_pk" PRIMARY KEY("business_id","sequence","position")
);
--> statement-breakpoint
CREATE TABLE "board_changes" (
	"business_id" uuid NOT NULL,
	"transaction_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "definition_changes" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"revision" bigint DEFAULT 0 NOT NULL,
	"evaluated_revision" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "definition_changes_singleton" CHECK ("definition_changes"."singleton")
);
--> statement-breakpoint
CREATE TABLE "definition_versions" (
	"definition_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"kind" text NOT NULL,
	"content" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "definition_versions_once" UNIQUE("definition_id","version")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"business_id" uuid NOT NULL,
	"source" text NOT NULL,
	"namespace" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"actor_id" uuid,
	"type" text NOT NULL,
	"metadata" jsonb,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"day" date NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"rule_id" uuid,
	"rule_version" integer,
	"is_limited" boolean DEFAULT false NOT NULL,
	"points_awarded" integer NOT NULL,
	"reason" text,
	"total_after" bigint NOT NULL,
	"level_id" uuid,
	"level_name" text,
	"levels_gained" text[],
	"unlocked" text[],
	CONSTRAINT "events_key_once" UNIQUE("business_id","namespace","idempotency_key")
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"business_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"type" text NOT NULL,
	"points" integer NOT NULL,
	"total_after" bigint NOT NULL,
	"reason" text,
	"rule_id" uuid,
	"rule_version" integer,
	"reverses_id" uuid,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"transaction_id" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "ledger_entries_sequence_once" UNIQUE("business_id","sequence"),
	CONSTRAINT "ledger_entries_points_check" CHECK ("ledger_entries"."points" <> 0)
);
--> statement-breakpoint
CREATE TABLE "point_rules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"points" integer NOT NULL,
	"daily_cap" integer,
	"cooldown_seconds" integer,
	"sources" text[] NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "user_achievements" (
	"business_id" uuid NOT NULL,
	"achievement_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"unlocked_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "user_achievements_once" UNIQUE("business_id","achievement_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"target_id" uuid NOT NULL,
	"business_id" uuid,
	"sequence" bigint,
	"position" smallint,
	"lane" uuid NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"retry_until" timestamp (3) with time zone NOT NULL,
	"attempted_at" timestamp (3) with time zone,
	"request_headers" jsonb,
	"answer_status" integer,
	"answer_body" text,
	"duration_ms" integer,
	"error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_deliveries_once" UNIQUE("target_id","business_id","sequence","position")
);
--> statement-breakpoint
CREATE TABLE "webhook_lanes" (
	"target_id" uuid NOT NULL,
	"lane" uuid NOT NULL,
	"next_attempt_at" timestamp (3) with time zone NOT NULL,
	"claim" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "webhook_lanes_target_id_lane_pk" PRIMARY KEY("target_id","lane")
);
--> statement-breakpoint
CREATE TABLE "webhook_tail" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"bound" "xid8" NOT NULL,
	"place" text NOT NULL,
	"read_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_tail_singleton" CHECK ("webhook_tail"."singleton")
);
--> statement-breakpoint
CREATE TABLE "webhook_targets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"url" text NOT NULL,
	"event_types" text[] NOT NULL,
	"description" text,
	"active" boolean DEFAULT true NOT NULL,
	"disabled_reason" text,
	"secret" text NOT NULL,
	"previous_secret" text,
	"previous_secret_until" timestamp (3) with time zone,
	"since" "pg_snapshot" DEFAULT pg_current_snapshot() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "business_facts" ADD CONSTRAINT "business_facts_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_facts" ADD CONSTRAINT "business_facts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_approvals" ADD CONSTRAINT "tool_approvals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_families" ADD CONSTRAINT "refresh_families_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_family_id_refresh_families_id_fk" FOREIGN KEY ("family_id") REFERENCES "public"."refresh_families"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_links" ADD CONSTRAINT "business_links_api_key_id_api_keys_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_keys"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_links" ADD CONSTRAINT "business_links_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_standings" ADD CONSTRAINT "business_standings_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "businesses" ADD CONSTRAINT "businesses_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "personal_keys" ADD CONSTRAINT "personal_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "personal_keys" ADD CONSTRAINT "personal_keys_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_budgets" ADD CONSTRAINT "chat_budgets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_feedback" ADD CONSTRAINT "chat_feedback_message_id_chat_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."chat_messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_session_id_chat_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."chat_sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_run_id_chat_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."chat_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_names" ADD CONSTRAINT "chat_names_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_names" ADD CONSTRAINT "chat_names_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_names" ADD CONSTRAINT "chat_names_session_id_chat_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."chat_sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_names" ADD CONSTRAINT "chat_names_message_id_chat_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."chat_messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_runs" ADD CONSTRAINT "chat_runs_session_id_chat_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."chat_sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_runs" ADD CONSTRAINT "chat_runs_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_sessions" ADD CONSTRAINT "chat_sessions_business_id_businesses_id_fk" FOREIGN KEY ("business_id") REFERENCES "public"."businesses"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_sessions" ADD CONSTRAINT "chat_sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_target_id_webhook_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."webhook_targets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_subject_type_subject_id_index" ON "audit_entries" USING btree ("subject_type","subject_id");--> statement-breakpoint
CREATE INDEX "audit_entries_created_at_index" ON "audit_entries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "business_facts_business_id_id_index" ON "business_facts" USING btree ("business_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "business_facts_once" ON "business_facts" USING btree ("business_id","content_key");--> statement-breakpoint
CREATE INDEX "tool_approvals_run_id_index" ON "tool_approvals" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "tool_approvals_user_id_index" ON "tool_approvals" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "tool_approvals_created_at_index" ON "tool_approvals" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "password_resets_user_id_index" ON "password_resets" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "refresh_families_user_id_index" ON "refresh_families" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_family_id_index" ON "refresh_tokens" USING btree ("family_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_expires_at_index" ON "refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_unique" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX "users_role_index" ON "users" USING btree ("role");--> statement-breakpoint
CREATE INDEX "business_links_business_id_index" ON "business_links" USING btree ("business_id");--> statement-breakpoint
CREATE INDEX "businesses_user_id_id_index" ON "businesses" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "businesses_created_at_id_index" ON "businesses" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "personal_keys_user_id_id_index" ON "personal_keys" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "chat_messages_session_id_id_index" ON "chat_messages" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "chat_messages_after_id_index" ON "chat_messages" USING btree ("after_id");--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_one_current" ON "chat_messages" USING btree ("after_id") WHERE "chat_messages"."is_current";--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_client_id_once" ON "chat_messages" USING btree ("session_id","client_message_id") WHERE "chat_messages"."client_message_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "chat_names_session_id_index" ON "chat_names" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "chat_names_message_id_index" ON "chat_names" USING btree ("message_id");--> statement-breakpoint
CREATE UNIQUE INDEX "chat_runs_one_active" ON "chat_runs" USING btree ("session_id") WHERE "chat_runs"."status" = 'running';--> statement-breakpoint
CREATE INDEX "chat_runs_user_id_started_at_index" ON "chat_runs" USING btree ("user_id","started_at");--> statement-breakpoint
CREATE INDEX "chat_runs_lease_until_index" ON "chat_runs" USING btree ("lease_until") WHERE "chat_runs"."status" = 'running';--> statement-breakpoint
CREATE INDEX "chat_runs_unsettled" ON "chat_runs" USING btree ("lease_until") WHERE "chat_runs"."reserved_tokens" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "chat_sessions_business_id_updated_at_id_index" ON "chat_sessions" USING btree ("business_id","updated_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "chat_sessions_user_id_index" ON "chat_sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "chat_sessions_pinned" ON "chat_sessions" USING btree ("business_id","updated_at" DESC NULLS LAST,"id" DESC NULLS LAST) WHERE "chat_sessions"."pinned";--> statement-breakpoint
CREATE INDEX "chat_sessions_deleted_at_index" ON "chat_sessions" USING btree ("deleted_at") WHERE "chat_sessions"."deleted_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "chat_usage_days_user_id_day_index" ON "chat_usage_days" USING btree ("user_id","day");--> statement-breakpoint
CREATE INDEX "achievements_required_points_index" ON "achievements" USING btree ("required_points");--> statement-breakpoint
CREATE INDEX "announcements_tail" ON "announcements" USING btree ("transaction_id");--> statement-breakpoint
CREATE INDEX "announcements_age" ON "announcements" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "announcements_level_once" ON "announcements" USING btree ("business_id",("payload" #>> '{level,id}')) WHERE "announcements"."kind" = 'level_up';--> statement-breakpoint
CREATE INDEX "board_changes_tail" ON "board_changes" USING btree ("transaction_id");--> statement-breakpoint
CREATE INDEX "board_changes_age" ON "board_changes" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "events_limited" ON "events" USING btree ("business_id","rule_id","occurred_at") WHERE "events"."is_limited";--> statement-breakpoint
CREATE INDEX "ledger_entries_tail" ON "ledger_entries" USING btree ("transaction_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_entries_reversed_once" ON "ledger_entries" USING btree ("reverses_id") WHERE "ledger_entries"."reverses_id" IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "point_rules_type_unique" ON "point_rules" USING btree ("type") WHERE "point_rules"."deleted_at" IS NULL;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_newest" ON "webhook_deliveries" USING btree ("target_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_waiting" ON "webhook_deliveries" USING btree ("target_id","lane","sequence","position") WHERE "webhook_deliveries"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_parked" ON "webhook_deliveries" USING btree ("target_id","id") WHERE "webhook_deliveries"."status" = 'parked';--> statement-breakpoint
CREATE INDEX "webhook_lanes_due" ON "webhook_lanes" USING btree ("target_id","next_attempt_at");

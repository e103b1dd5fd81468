BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE assessments (
	patient_id BIGINT NOT NULL, 
	instrument VARCHAR(32) NOT NULL, 
	hours FLOAT NOT NULL, 
	precision INTEGER NOT NULL, 
	score FLOAT NOT NULL, 
	item9 INTEGER, 
	PRIMARY KEY (patient_id, instrument, hours, precision)
)
 WITHOUT ROWID

;
INSERT INTO "assessments" VALUES(1,'gad7',264.0,0,5.0,NULL);
INSERT INTO "assessments" VALUES(1,'phq9',-24.0,0,20.0,1);
INSERT INTO "assessments" VALUES(1,'phq9',96.0,0,2.0,0);
INSERT INTO "assessments" VALUES(1,'phq9',200.0,0,4.0,0);
INSERT INTO "assessments" VALUES(1,'phq9',264.0,0,8.0,2);
INSERT INTO "assessments" VALUES(1,'phq9',790.0,0,19.0,3);
INSERT INTO "assessments" VALUES(2,'phq9',-2.0,0,14.0,0);
INSERT INTO "assessments" VALUES(2,'phq9',168.0,0,20.0,1);
INSERT INTO "assessments" VALUES(3,'phq9',-2.0,0,18.0,NULL);
INSERT INTO "assessments" VALUES(3,'phq9',2990.0,0,16.0,NULL);
INSERT INTO "assessments" VALUES(3,'phq9',3100.0,0,6.0,NULL);
INSERT INTO "assessments" VALUES(4,'madrs',-1.0,0,30.0,NULL);
INSERT INTO "assessments" VALUES(4,'madrs',50.0,0,12.0,NULL);
CREATE TABLE course_outcomes (
	patient_id BIGINT NOT NULL, 
	course INTEGER NOT NULL, 
	instrument VARCHAR(32) NOT NULL, 
	scores INTEGER NOT NULL, 
	baseline FLOAT, 
	evaluable INTEGER NOT NULL, 
	best FLOAT, 
	last FLOAT, 
	last_days FLOAT, 
	last_since_session_days FLOAT, 
	ever_response INTEGER, 
	ever_partial INTEGER, 
	ever_remission INTEGER, 
	sustained_response INTEGER, 
	last_response INTEGER, 
	last_remission INTEGER, 
	last_worse INTEGER, 
	early_score_hours FLOAT, 
	early_response INTEGER, 
	onset_left FLOAT, 
	onset_right FLOAT, 
	onset_sessions INTEGER, 
	duration_event INTEGER, 
	duration_days FLOAT, 
	loss_left FLOAT, 
	loss_right FLOAT, 
	end_of_induction_score FLOAT, 
	end_of_induction_days FLOAT, 
	end_of_induction_response INTEGER, 
	end_of_induction_remission INTEGER, 
	end_of_induction_worse INTEGER, 
	durability_entry_days FLOAT, 
	durability_days FLOAT, 
	durability_end VARCHAR(32), 
	state VARCHAR(32) NOT NULL, 
	item9_last INTEGER, 
	item9_change INTEGER, 
	PRIMARY KEY (patient_id, course, instrument)
)
 WITHOUT ROWID

;
INSERT INTO "course_outcomes" VALUES(1,1,'gad7',1,NULL,0,5.0,5.0,11.0,5.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5.0,5.0,NULL,NULL,NULL,NULL,NULL,NULL,'not_measured',NULL,NULL);
INSERT INTO "course_outcomes" VALUES(1,1,'phq9',4,20.0,1,2.0,19.0,3.29166666666666642973e+01,2.691666666666666785e+01,1,1,1,0,0,0,0,NULL,NULL,0.0,4.0,2,1,2.89166666666666678509e+01,11.0,3.29166666666666642973e+01,8.0,5.0,1,0,0,5.0,2.691666666666666785e+01,'loss','response_lost',3,2);
INSERT INTO "course_outcomes" VALUES(2,1,'phq9',1,14.0,1,20.0,20.0,7.0,7.0,0,0,0,0,0,0,1,NULL,NULL,7.0,NULL,NULL,NULL,NULL,NULL,NULL,20.0,7.0,0,0,1,NULL,NULL,NULL,'worse',1,1);
INSERT INTO "course_outcomes" VALUES(3,1,'phq9',1,18.0,1,16.0,16.0,1.24583333333333328601e+02,1.24583333333333328601e+02,0,0,0,0,0,0,0,NULL,NULL,1.24583333333333328601e+02,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'no_response',NULL,NULL);
INSERT INTO "course_outcomes" VALUES(3,2,'phq9',1,16.0,1,6.0,6.0,4.16666666666666696272e+00,4.16666666666666696272e+00,1,1,0,0,1,0,0,NULL,NULL,0.0,4.16666666666666696272e+00,1,0,0.0,4.16666666666666696272e+00,NULL,6.0,4.16666666666666696272e+00,1,0,0,4.16666666666666696272e+00,4.16666666666666696272e+00,'censored','responding',NULL,NULL);
INSERT INTO "course_outcomes" VALUES(4,1,'madrs',1,30.0,1,12.0,12.0,2.08333333333333348136e+00,2.08333333333333348136e+00,1,1,0,0,1,0,0,NULL,NULL,0.0,2.08333333333333348136e+00,1,0,0.0,2.08333333333333348136e+00,NULL,12.0,2.08333333333333348136e+00,1,0,0,2.08333333333333348136e+00,2.08333333333333348136e+00,'censored','responding',NULL,NULL);
CREATE TABLE courses (
	patient_id BIGINT NOT NULL, 
	course INTEGER NOT NULL, 
	start_hours FLOAT NOT NULL, 
	end_hours FLOAT, 
	record_end_hours FLOAT NOT NULL, 
	drug VARCHAR(32), 
	route VARCHAR(32), 
	sessions INTEGER NOT NULL, 
	induction_sessions INTEGER NOT NULL, 
	last_induction_hours FLOAT, 
	last_session_hours FLOAT NOT NULL, 
	early_stop INTEGER NOT NULL, 
	PRIMARY KEY (patient_id, course)
)
 WITHOUT ROWID

;
INSERT INTO "courses" VALUES(1,1,0.0,NULL,800.0,'ketamine','iv',4,3,144.0,800.0,1);
INSERT INTO "courses" VALUES(2,1,0.0,NULL,168.0,'ketamine','im',1,1,0.0,0.0,1);
INSERT INTO "courses" VALUES(3,1,0.0,3000.0,2990.0,'esketamine','intranasal',1,1,0.0,0.0,1);
INSERT INTO "courses" VALUES(3,2,3000.0,NULL,3100.0,'esketamine','intranasal',1,1,3000.0,3000.0,1);
INSERT INTO "courses" VALUES(4,1,0.0,NULL,50.0,'ketamine','iv',1,1,0.0,0.0,1);
CREATE TABLE imports (
	number INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	patients INTEGER NOT NULL, 
	sessions INTEGER NOT NULL, 
	assessments INTEGER NOT NULL, 
	side_effects INTEGER NOT NULL, 
	repeats INTEGER NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (fingerprint)
);
INSERT INTO "imports" VALUES(1,'989a5e2c828912cd0dcba760d7eb0f6ed2eadf74e972ea75f9cb1e587736a9ab','csv',3,6,10,3,0);
INSERT INTO "imports" VALUES(2,'7facd6b17b9b17829f81c0f0aeb23a74b99e0be503bac4b891af5df0114e685b','csv',1,2,3,0,0);
CREATE TABLE kept_answers (
	"key" VARCHAR(64) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	answer BLOB NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE patients (
	patient_id BIGINT NOT NULL, 
	patient_code VARCHAR(32) NOT NULL, 
	clinic VARCHAR(64), 
	age_band VARCHAR(32), 
	sex VARCHAR(32), 
	diagnosis VARCHAR(32), 
	conditions TEXT, 
	first_session_year INTEGER, 
	PRIMARY KEY (patient_id)
)
 WITHOUT ROWID

;
INSERT INTO "patients" VALUES(1,'A1','north','35-44','female','ptsd',';hypertension;liver;',2023);
INSERT INTO "patients" VALUES(2,'B2','north','45-54','male','anxiety',';',2024);
INSERT INTO "patients" VALUES(3,'C3',NULL,'45-54','male','ptsd',';liver;',2024);
INSERT INTO "patients" VALUES(4,'D4','south','18-24','female','ptsd',NULL,2024);
CREATE TABLE score_facts (
	patient_id BIGINT NOT NULL, 
	instrument VARCHAR(32) NOT NULL, 
	hours FLOAT NOT NULL, 
	precision INTEGER NOT NULL, 
	at_hours FLOAT NOT NULL, 
	course INTEGER NOT NULL, 
	days FLOAT NOT NULL, 
	score FLOAT NOT NULL, 
	item9 INTEGER, 
	state INTEGER, 
	until_days FLOAT, 
	since_session_days FLOAT, 
	session_phase VARCHAR(32), 
	session_route VARCHAR(32), 
	fade_change FLOAT, 
	PRIMARY KEY (patient_id, instrument, hours, precision)
)
 WITHOUT ROWID

;
INSERT INTO "score_facts" VALUES(1,'gad7',264.0,0,264.0,1,11.0,5.0,NULL,NULL,NULL,5.0,'induction','iv',NULL);
INSERT INTO "score_facts" VALUES(1,'phq9',-24.0,0,-24.0,1,-1.0,20.0,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "score_facts" VALUES(1,'phq9',96.0,0,96.0,1,4.0,2.0,0,2,8.33333333333333392545e+00,1.0,'induction','iv',-18.0);
INSERT INTO "score_facts" VALUES(1,'phq9',200.0,0,200.0,1,8.33333333333333392545e+00,4.0,0,2,11.0,2.33333333333333348136e+00,'induction','iv',2.0);
INSERT INTO "score_facts" VALUES(1,'phq9',264.0,0,264.0,1,11.0,8.0,2,2,3.29166666666666642973e+01,5.0,'induction','iv',6.0);
INSERT INTO "score_facts" VALUES(1,'phq9',790.0,0,790.0,1,3.29166666666666642973e+01,19.0,3,0,6.29166666666666642973e+01,2.691666666666666785e+01,'induction','iv',17.0);
INSERT INTO "score_facts" VALUES(2,'phq9',-2.0,0,-2.0,1,-8.33333333333333287074e-02,14.0,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "score_facts" VALUES(2,'phq9',168.0,0,168.0,1,7.0,20.0,1,0,37.0,7.0,'induction','im',6.0);
INSERT INTO "score_facts" VALUES(3,'phq9',-2.0,0,-2.0,1,-8.33333333333333287074e-02,18.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "score_facts" VALUES(3,'phq9',2990.0,0,2990.0,1,1.24583333333333328601e+02,16.0,NULL,0,125.0,1.24583333333333328601e+02,'induction','intranasal',-2.0);
INSERT INTO "score_facts" VALUES(3,'phq9',3100.0,0,3100.0,2,4.16666666666666696272e+00,6.0,NULL,2,3.41666666666666642973e+01,4.16666666666666696272e+00,'induction','intranasal',-10.0);
INSERT INTO "score_facts" VALUES(4,'madrs',-1.0,0,-1.0,1,-4.16666666666666643537e-02,30.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "score_facts" VALUES(4,'madrs',50.0,0,50.0,1,2.08333333333333348136e+00,12.0,NULL,2,3.20833333333333357026e+01,2.08333333333333348136e+00,'induction','iv',-18.0);
CREATE TABLE session_facts (
	patient_id BIGINT NOT NULL, 
	hours FLOAT NOT NULL, 
	course INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	days FLOAT NOT NULL, 
	phase VARCHAR(32) NOT NULL, 
	asked INTEGER NOT NULL, 
	effects INTEGER NOT NULL, 
	terms INTEGER NOT NULL, 
	worst INTEGER, 
	scored_before INTEGER NOT NULL, 
	scored_after INTEGER NOT NULL, 
	PRIMARY KEY (patient_id, hours)
)
 WITHOUT ROWID

;
INSERT INTO "session_facts" VALUES(1,0.0,1,1,0.0,'induction',1,1,4,1,1,0);
INSERT INTO "session_facts" VALUES(1,72.0,1,2,3.0,'induction',1,1,512,3,1,1);
INSERT INTO "session_facts" VALUES(1,144.0,1,3,6.0,'induction',1,0,0,0,1,1);
INSERT INTO "session_facts" VALUES(1,800.0,1,4,3.33333333333333357026e+01,'maintenance',0,0,0,NULL,1,0);
INSERT INTO "session_facts" VALUES(2,0.0,1,1,0.0,'induction',0,0,0,NULL,1,1);
INSERT INTO "session_facts" VALUES(3,0.0,1,1,0.0,'induction',1,1,256,2,1,0);
INSERT INTO "session_facts" VALUES(3,3000.0,2,1,0.0,'induction',1,0,0,0,1,1);
INSERT INTO "session_facts" VALUES(4,0.0,1,1,0.0,'induction',0,0,0,NULL,1,1);
CREATE TABLE sessions (
	patient_id BIGINT NOT NULL, 
	hours FLOAT NOT NULL, 
	day_only INTEGER NOT NULL, 
	drug VARCHAR(32), 
	route VARCHAR(32), 
	dose FLOAT, 
	dose_unit VARCHAR(32), 
	phase VARCHAR(32), 
	duration_minutes FLOAT, 
	systolic_before FLOAT, 
	diastolic_before FLOAT, 
	heart_rate_before FLOAT, 
	systolic_highest FLOAT, 
	diastolic_highest FLOAT, 
	heart_rate_highest FLOAT, 
	cadss_highest FLOAT, 
	moaas_lowest FLOAT, 
	minutes_to_discharge FLOAT, 
	side_effects_asked INTEGER, 
	PRIMARY KEY (patient_id, hours)
)
 WITHOUT ROWID

;
INSERT INTO "sessions" VALUES(1,0.0,0,'ketamine','iv',0.5,'mg_per_kg',NULL,NULL,150.0,80.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "sessions" VALUES(1,72.0,0,'ketamine','iv',0.5,'mg_per_kg',NULL,NULL,120.0,80.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "sessions" VALUES(1,144.0,0,'ketamine','iv',0.5,'mg_per_kg',NULL,NULL,120.0,80.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "sessions" VALUES(1,800.0,0,'ketamine','iv',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sessions" VALUES(2,0.0,0,'ketamine','im',NULL,NULL,NULL,NULL,120.0,95.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "sessions" VALUES(3,0.0,0,'esketamine','intranasal',56.0,'mg',NULL,NULL,120.0,80.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "sessions" VALUES(3,3000.0,0,'esketamine','intranasal',84.0,'mg',NULL,NULL,120.0,80.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "sessions" VALUES(4,0.0,0,'ketamine','iv',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE side_effects (
	patient_id BIGINT NOT NULL, 
	hours FLOAT NOT NULL, 
	term VARCHAR(32) NOT NULL, 
	onset_minutes FLOAT NOT NULL, 
	severity VARCHAR(32), 
	resolved_minutes FLOAT, 
	last_observed_minutes FLOAT, 
	serious INTEGER, 
	PRIMARY KEY (patient_id, hours, term, onset_minutes)
)
 WITHOUT ROWID

;
INSERT INTO "side_effects" VALUES(1,0.0,'nausea',20.0,'mild',95.0,NULL,NULL);
INSERT INTO "side_effects" VALUES(1,72.0,'dizziness',-1.0,'severe',NULL,NULL,NULL);
INSERT INTO "side_effects" VALUES(3,0.0,'sedation',10.0,'moderate',40.0,NULL,NULL);
CREATE TABLE store_info (
	name VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "store_info" VALUES('version','2');
INSERT INTO "store_info" VALUES('rules','{"course_gap_days": 90.0, "induction_gap_days": 14.0, "induction_max_sessions": 12, "induction_min_sessions": 4, "baseline_window_days": 14.0, "response_improvement": 0.5, "partial_improvement": 0.25, "sustained_days": 7.0, "end_of_induction_days": 14.0, "early_response_from_hours": 12.0, "early_response_to_hours": 36.0, "fade_pre_session_days": 7.0, "state_hold_days": 30.0, "day_only_after_hours": 12.0, "loss_rule": "both", "loss_confirmations": 1, "madrs_remission": 10, "systolic_rise_mmhg": 40.0, "diastolic_rise_mmhg": 25.0, "systolic_high_mmhg": 180.0, "diastolic_high_mmhg": 110.0, "predose_systolic_mmhg": 140.0, "predose_diastolic_mmhg": 90.0}');
INSERT INTO "store_info" VALUES('name','');
INSERT INTO "store_info" VALUES('synthetic','0');
INSERT INTO "store_info" VALUES('accounts','1');
INSERT INTO "store_info" VALUES('state','9b1e8047c565f0e89670da66b52f27b6');
CREATE INDEX ix_patients_code ON patients (patient_code);
COMMIT;
-- the file beside it: accounts and audit trail
BEGIN TRANSACTION;
CREATE TABLE accounts (
	account_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	password_hash TEXT, 
	must_change_password INTEGER NOT NULL, 
	roles TEXT NOT NULL, 
	clinics TEXT, 
	disabled INTEGER NOT NULL, 
	last_sign_in VARCHAR(32), 
	second_factor VARCHAR(64), 
	second_factor_required INTEGER NOT NULL, 
	second_factor_step INTEGER NOT NULL, 
	external_subject VARCHAR(255), 
	PRIMARY KEY (account_id), 
	UNIQUE (external_subject), 
	UNIQUE (name)
);
INSERT INTO "accounts" VALUES(1,'olga',NULL,1,';owner;',NULL,0,NULL,NULL,0,0,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit_entries (
	sequence INTEGER NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	actor VARCHAR(64) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	details TEXT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (sequence)
);
INSERT INTO "audit_entries" VALUES(1,'2026-12-01T11:53:51.848+00:00','clinic','account_added','olga','{"clinics":"every clinic","roles":["owner"]}','1c9f5c29459cb7d07efb1fb590ce62a408fd4a9372fcc6735b1dd73ea85243f2');
INSERT INTO "audit_entries" VALUES(2,'2026-12-01T11:53:51.862+00:00','olga','patient_opened','A1','{}','1b265e035c4cc860301212597ca9e298e508850846cea4fa6c3401ef03030130');
CREATE TABLE audit_seal (
	number INTEGER NOT NULL, 
	entries INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_seal" VALUES(1,2,'1b265e035c4cc860301212597ca9e298e508850846cea4fa6c3401ef03030130');
CREATE TABLE sign_in_failures (
	source VARCHAR(64) NOT NULL, 
	failures INTEGER NOT NULL, 
	latest FLOAT NOT NULL, 
	PRIMARY KEY (source)
);
CREATE TABLE web_sessions (
	token_hash VARCHAR(64) NOT NULL, 
	account_id INTEGER NOT NULL, 
	started FLOAT NOT NULL, 
	seen FLOAT NOT NULL, 
	complete INTEGER NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(account_id) REFERENCES accounts (account_id)
);
CREATE INDEX ix_web_sessions_account ON web_sessions (account_id);
COMMIT;

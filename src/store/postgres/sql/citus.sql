-- Citus 11 or later: learner tables distributed by user_id, the rest copied to
-- every node. Run once as piq in a fresh schema (piq_partitions=0), after the
-- first engine has made it and before there are rows. Not tested: Debian has no
-- package of Citus. What was looked at: every primary and unique key of these
-- tables begins with user_id; statements of a learner name user_id; joins are
-- on user_id; what reads all learners is a scan by rising number that Citus
-- sends to all shards and merges. Sequences and advisory locks stay on the
-- coordinator, through which all engines have to connect.
SET search_path = piq;
SELECT create_distributed_table('events', 'user_id');
SELECT create_distributed_table('learner_state', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('learner_snapshots', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('user_profiles', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('learning_paths', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('content_recommendations', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('recommendation_log', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('exposures', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('records', 'user_id',
                                colocate_with => 'events');
SELECT create_distributed_table('changes', 'user_id',
                                colocate_with => 'events');
SELECT create_reference_table('catalogues');
SELECT create_reference_table('calibrations');
SELECT create_reference_table('item_calibrations');
SELECT create_reference_table('models');
SELECT create_reference_table('model_bodies');
SELECT create_reference_table('champions');
SELECT create_reference_table('rule_sets');
SELECT create_reference_table('experiments');
-- commits, store, schema_migrations and the sequences stay where they are.

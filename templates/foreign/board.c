/* What Embench's programs want of a board: nothing, where instructions are counted from outside. */
void initialise_board(void) {}
void start_trigger(void) {}
void stop_trigger(void) {}

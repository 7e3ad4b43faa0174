from drummernet.transcriber import *  # for processes that run; not part of the project
